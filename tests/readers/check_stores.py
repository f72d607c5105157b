"""Images in a bucket as zarr-python reads them over the network."""

import os

import zarr
from obstore.store import S3Store
from zarr.storage import ObjectStore

from check_zarr_settings import check_group


def check_store(_folder, output):
    """As for an image in a folder; and nothing else is in the bucket below its name."""
    bucket, prefix = output["path"].removeprefix("s3://").split("/", 1)
    store = S3Store(
        bucket,
        prefix=prefix,
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        region=os.environ["AWS_REGION"],
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )
    check_group(zarr.open_group(ObjectStore(store, read_only=True), mode="r"), output)
    names = [entry["path"] for entries in store.list() for entry in entries]
    assert not [name for name in names if ".patchweave" in name], f"left over: {names}"
