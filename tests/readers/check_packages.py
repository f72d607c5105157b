"""Lets bioimageio.core run packages of the BioImage Model Zoo that patchweave reproduces too.

    python check_packages.py PACKAGE...

Every package has to be valid, and to make the examples of its outputs out of that of its input.
"""

import sys

from bioimageio.core import test_model


def main():
    failures = 0
    for path in sys.argv[1:]:
        summary = test_model(path, weight_format="onnx")
        if summary.status == "passed":
            print(f"{path}: passed")
            continue
        failures += 1
        print(f"{path}: {summary.status}")
        for detail in summary.details:
            for error in detail.errors:
                print(f"  {detail.name}: {error.loc}: {error.msg}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
