"""Makes packages of the BioImage Model Zoo around small networks, or around a real one.

    python make_package.py SMALL                 # the packages and steps.json of the folder SMALL
    python make_package.py REAL NETWORK VERSION  # one around the folder NETWORK with weights.onnx, of version 0.4 or 0.5

What steps make is computed here by NumPy from their formulas, and what networks make by onnxruntime. Needs numpy, onnx and
onnxruntime.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

NETS = Path(__file__).resolve().parents[3] / "onnx" / "tests" / "nets"


def yaml(value, indent=0):
    """A block of YAML."""
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            if isinstance(inner, dict) and inner or isinstance(inner, list) and any(
                isinstance(one, (dict, list)) for one in inner
            ):
                lines.append(f"{pad}{key}:\n{yaml(inner, indent + 1)}")
            else:
                lines.append(f"{pad}{key}: {json.dumps(inner)}\n")
        return "".join(lines)
    blocks = (yaml(inner, indent + 1) for inner in value)
    return "".join(f"{pad}- {block[2 * (indent + 1):]}" for block in blocks)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def statistics(x, axes, dims):
    """Keyword arguments of NumPy for statistics along some axes, or all."""
    return {"axis": None if axes is None else tuple(dims.index(axis) for axis in axes), "keepdims": True}


def apply(steps, raw, dims, reference=None):
    """What steps of format 0.5 make of an array; statistics are those before the first step."""
    x = raw
    raw64 = raw.astype("float64")
    reference = raw64 if reference is None else reference.astype("float64")
    for step in steps:
        kwargs = dict(step.get("kwargs", {}))
        along = statistics(raw64, kwargs.get("axes"), dims)
        eps = kwargs.get("eps", 1e-6)

        def spread(numbers):
            """Numbers along an axis of the array."""
            if "axis" not in kwargs or np.ndim(numbers) == 0:
                return np.asarray(numbers, "float64")
            shape = [1] * x.ndim
            shape[dims.index(kwargs["axis"])] = -1
            return np.asarray(numbers, "float64").reshape(shape)

        match step["id"]:
            case "ensure_dtype":
                x = x.astype(kwargs["dtype"])
                continue
            case "binarize":
                x = (x > spread(kwargs["threshold"])).astype("bool")
                continue
            case "clip":
                low, high = kwargs.get("min"), kwargs.get("max")
                if "min_percentile" in kwargs:
                    low = np.quantile(raw64, kwargs["min_percentile"] / 100, method="inverted_cdf", **along)
                if "max_percentile" in kwargs:
                    high = np.quantile(raw64, kwargs["max_percentile"] / 100, method="inverted_cdf", **along)
                x = np.clip(x, low, high)
            case "scale_linear":
                x = x * spread(kwargs.get("gain", 1.0)) + spread(kwargs.get("offset", 0.0))
            case "sigmoid":
                x = 1 / (1 + np.exp(-x.astype("float64")))
            case "softmax":
                axis = dims.index(kwargs.get("axis", "channel"))
                powers = np.exp(x.astype("float64") - x.max(axis=axis, keepdims=True))
                x = powers / powers.sum(axis=axis, keepdims=True)
            case "fixed_zero_mean_unit_variance":
                x = (x - spread(kwargs["mean"])) / (spread(kwargs["std"]) + 1e-6)
            case "zero_mean_unit_variance":
                x = (x - raw64.mean(**along)) / (raw64.std(**along) + eps)
            case "scale_range":
                of = reference if "reference_tensor" in kwargs else raw64
                low = np.quantile(of, kwargs.get("min_percentile", 0) / 100, **along)
                high = np.quantile(of, kwargs.get("max_percentile", 100) / 100, **along)
                x = (x - low) / (high - low + eps)
            case "scale_mean_variance":
                x = (x - raw64.mean(**along)) / (raw64.std(**along) + eps)
                x = x * (reference.std(**along) + eps) + reference.mean(**along)
            case other:
                raise ValueError(other)
        x = x.astype("float32")
    return x


def header(version, name):
    """What packages say besides their tensors and weights."""
    return {
        "format_version": version,
        "type": "model",
        "name": name,
        "description": "A network for tests.",
        "authors": [{"name": "Nobody"}],
        "cite": [{"text": "none", "doi": "10.1007/978-3-319-24574-4_28"}],
        "license": "MIT",
        "documentation": "README.md",
        "tags": ["test"],
    } | ({"timestamp": "2026-01-01T00:00:00+00:00"} if version.startswith("0.4") else {})


def write(folder, description, weights, arrays):
    """Writes a package."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("# Test\n\n## Validation\n\nNone.\n")
    for source in weights:
        shutil.copyfile(source, folder / source.name)
    for name, array in arrays.items():
        np.save(folder / name, array)

    def with_sums(value):
        if isinstance(value, list):
            return [with_sums(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        value = {key: with_sums(inner) for key, inner in value.items()}
        if "source" in value:
            value["sha256"] = sha256(folder / value["source"])
        return value

    name = "rdf.yaml" if description["format_version"].startswith("0.4") else "bioimageio.yaml"
    (folder / name).write_text(yaml(with_sums(description)))


def image(shape, dtype, seed):
    """Blobs on a gradient."""
    random = np.random.default_rng(seed)
    grids = np.meshgrid(*(np.linspace(0, 6, size) for size in shape), indexing="ij")
    smooth = sum(np.sin(grid * (2 + place)) for place, grid in enumerate(grids)) + grids[-1] / 3
    values = 300 + 90 * smooth + random.normal(0, 25, shape)
    return np.clip(values, 0, None).astype(dtype)


def run(network, prepared):
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: prepared})


def planes_0_5(folder):
    """Two outputs, one of labels without channels; percentiles and moments of each image."""
    dims = ["batch", "channel", "y", "x"]
    before = [
        {"id": "ensure_dtype", "kwargs": {"dtype": "uint16"}},
        {"id": "clip", "kwargs": {"min_percentile": 1.0, "max_percentile": 99.5, "axes": ["channel", "y", "x"]}},
        {"id": "zero_mean_unit_variance", "kwargs": {"axes": ["channel", "y", "x"]}},
        {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
    ]
    after = [
        {"id": "scale_linear", "kwargs": {"axis": "channel", "gain": [1.0, 2.0, 4.0], "offset": 0.5}},
        {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
    ]
    raw = image((1, 1, 30, 36), "uint16", 1)
    mask, classes = run(NETS / "planes.onnx", apply(before, raw, dims))
    arrays = {
        "image.npy": raw,
        "mask.npy": apply(after, mask, dims),
        "classes.npy": classes.astype("uint8"),
    }
    reference = lambda axis: {"tensor_id": "image", "axis_id": axis}
    space = lambda axis, halo: {"type": "space", "id": axis, "size": reference(axis), "halo": halo}
    description = header("0.5.4", "Small network of planes") | {
        "inputs": [
            {
                "id": "image",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["intensity"]},
                    {"type": "space", "id": "y", "size": {"min": 16, "step": 2}},
                    {"type": "space", "id": "x", "size": {"min": 16, "step": 2}},
                ],
                "data": {"type": "uint16"},
                "test_tensor": {"source": "image.npy"},
                "preprocessing": before,
            }
        ],
        "outputs": [
            {
                "id": "mask",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["a", "b", "c"]},
                    space("y", 2),
                    space("x", 3),
                ],
                "data": {"type": "float32"},
                "test_tensor": {"source": "mask.npy"},
                "postprocessing": after,
            },
            {
                "id": "classes",
                "axes": [{"type": "batch"}, space("y", 2), space("x", 3)],
                "data": {"type": "uint8", "values": [0, 1, 2]},
                "test_tensor": {"source": "classes.npy"},
                "postprocessing": [{"id": "ensure_dtype", "kwargs": {"dtype": "uint8"}}],
            },
        ],
        "weights": {"onnx": {"source": "planes.onnx", "opset_version": 17}},
    }
    write(folder, description, [NETS / "planes.onnx"], arrays)


def unet_0_4(folder):
    """Two channels with statistics of their own, fixed ones, as format 0.4 describes them."""
    raw = image((1, 2, 24, 28), "uint8", 2)
    mean, std = [120.0, 130.5], [60.0, 55.25]
    fixed = {"axis": "c", "mean": mean, "std": std}
    before = [{"id": "fixed_zero_mean_unit_variance", "kwargs": fixed}]
    after = [{"id": "sigmoid"}]
    dims = ["b", "c", "y", "x"]
    (probability,) = run(NETS / "unet.onnx", apply(before, raw, dims))
    arrays = {"image.npy": raw, "probability.npy": apply(after, probability, dims)}
    description = header("0.4.10", "Small network of two channels") | {
        "inputs": [
            {
                "name": "image",
                "axes": "bcyx",
                "data_type": "uint8",
                "shape": {"min": [1, 2, 24, 24], "step": [0, 0, 4, 4]},
                "preprocessing": [
                    {
                        "name": "zero_mean_unit_variance",
                        "kwargs": {"mode": "fixed", "axes": "yx", "mean": mean, "std": std},
                    }
                ],
            }
        ],
        "outputs": [
            {
                "name": "probability",
                "axes": "bcyx",
                "data_type": "float32",
                "data_range": [0.0, 1.0],
                "shape": {"reference_tensor": "image", "scale": [1, 0, 1, 1], "offset": [0, 0.5, 0, 0]},
                "halo": [0, 0, 10, 10],
                "postprocessing": [{"name": "sigmoid"}],
            }
        ],
        "test_inputs": ["image.npy"],
        "test_outputs": ["probability.npy"],
        "weights": {"onnx": {"source": "unet.onnx", "opset_version": 18}},
    }
    write(folder, description, [NETS / "unet.onnx"], arrays)


def volume_0_5(folder):
    """An output of half the size, percentiles of the input in a step after the network, sizes that follow from others."""
    dims = ["batch", "channel", "z", "y", "x"]
    before = [
        {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
        {"id": "scale_range", "kwargs": {"axes": ["z", "y", "x"], "min_percentile": 1.0, "max_percentile": 99.8}},
    ]
    after = [
        {
            # bioimageio.core 0.11 has no statistics of outputs, which scale_mean_variance wants as well.
            "id": "scale_range",
            "kwargs": {"reference_tensor": "image", "axes": ["channel", "z", "y", "x"], "min_percentile": 10.0},
        }
    ]
    raw = image((1, 1, 6, 20, 20), "float32", 3)
    large, small = run(NETS / "volume.onnx", apply(before, raw, dims))
    arrays = {"image.npy": raw, "large.npy": apply(after, large, dims, raw), "small.npy": small}
    names = [f"channel{place}" for place in range(small.shape[1])]
    reference = lambda axis: {"tensor_id": "image", "axis_id": axis}

    def space(axis, halo, scale=1.0):
        # References end at axes with a size of their own.
        of = reference("y" if axis == "x" else axis)
        return {"type": "space", "id": axis, "size": of, "halo": halo, "scale": scale}

    description = header("0.5.4", "Small network of volumes") | {
        "inputs": [
            {
                "id": "image",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["intensity"]},
                    {"type": "space", "id": "z", "size": {"min": 6, "step": 2}},
                    {"type": "space", "id": "y", "size": {"min": 16, "step": 4}},
                    {"type": "space", "id": "x", "size": reference("y")},
                ],
                "test_tensor": {"source": "image.npy"},
                "preprocessing": before,
            }
        ],
        "outputs": [
            {
                "id": "large",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["intensity"]},
                    space("z", 2),
                    space("y", 6),
                    space("x", 6),
                ],
                "test_tensor": {"source": "large.npy"},
                "postprocessing": after,
            },
            {
                "id": "small",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": names},
                    space("z", 2),
                    space("y", 3, 2.0),
                    space("x", 3, 2.0),
                ],
                "test_tensor": {"source": "small.npy"},
            },
        ],
        "weights": {"onnx": {"source": "volume.onnx", "opset_version": 15}},
        "config": {
            "bioimageio": {
                "reproducibility_tolerance": [
                    {"output_ids": ["small"], "relative_tolerance": 1e-4, "absolute_tolerance": 1e-5}
                ]
            }
        },
    }
    write(folder, description, [NETS / "volume.onnx"], arrays)


def external_0_5(folder):
    """Weights in two files, as the last version of the format describes them."""
    raw = image((2, 1, 12, 14), "float32", 4)
    names = [f"channel{place}" for place in range(8)]
    reference = lambda axis: {"type": "space", "id": axis, "size": {"tensor_id": "input", "axis_id": axis}}
    description = header("0.5.14", "Weights in two files") | {
        "documentation": {"source": "README.md"},
        "inputs": [
            {
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["intensity"]},
                    {"type": "space", "id": "y", "size": {"min": 4, "step": 1}},
                    {"type": "space", "id": "x", "size": {"min": 4, "step": 1}},
                ],
                "pad": {"mode": "reflect"},
                "test_tensor": {"source": "image.npy"},
                "preprocessing": [{"id": "scale_range"}],
            }
        ],
        "outputs": [
            {
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": names},
                    reference("y"),
                    reference("x"),
                ],
                "test_tensor": {"source": "out.npy"},
                "postprocessing": [{"id": "softmax"}],
            }
        ],
        "weights": {
            "onnx": {
                "source": "external.onnx",
                "opset_version": 17,
                "external_data": {"source": "external.data"},
            }
        },
    }
    dims = ["batch", "channel", "y", "x"]
    (made,) = run(NETS / "external.onnx", apply([{"id": "scale_range"}], raw, dims))
    arrays = {"image.npy": raw, "out.npy": apply([{"id": "softmax"}], made, dims)}
    write(folder, description, [NETS / "external.onnx", NETS / "external.data"], arrays)


def real(folder, network, version):
    """The real network of planes with its recorded input and output."""
    arrays = {name: np.load(network / name) for name in ("test_input.npy", "test_output.npy")}
    weights = {"onnx": {"source": "weights.onnx", "opset_version": 20}}
    before = {"id": "zero_mean_unit_variance", "kwargs": {"axes": ["x", "y"]}}
    if version == "0.5":
        space = lambda axis: {"type": "space", "id": axis, "size": 512}
        of = lambda axis: {
            "type": "space",
            "id": axis,
            "halo": 32,
            "size": {"tensor_id": "raw", "axis_id": axis},
        }
        channel = lambda name: {"type": "channel", "channel_names": [name]}
        description = header("0.5.4", "UNet 2D Nuclei Broad") | {
            "inputs": [
                {
                    "id": "raw",
                    "axes": [{"type": "batch", "size": 1}, channel("raw_intensity"), space("y"), space("x")],
                    "test_tensor": {"source": "test_input.npy"},
                    "preprocessing": [before],
                }
            ],
            "outputs": [
                {
                    "id": "probability",
                    "axes": [{"type": "batch"}, channel("probability"), of("y"), of("x")],
                    "test_tensor": {"source": "test_output.npy"},
                    "data": {"range": [0.0, 1.0]},
                    "postprocessing": [{"id": "sigmoid"}],
                }
            ],
            "weights": weights,
        }
    else:
        description = header("0.4.10", "UNet 2D Nuclei Broad") | {
            "inputs": [
                {
                    "name": "raw",
                    "axes": "bcyx",
                    "data_type": "float32",
                    "shape": [1, 1, 512, 512],
                    "preprocessing": [
                        {"name": "zero_mean_unit_variance", "kwargs": {"mode": "per_sample", "axes": "yx"}}
                    ],
                }
            ],
            "outputs": [
                {
                    "name": "probability",
                    "axes": "bcyx",
                    "data_type": "float32",
                    "shape": {"reference_tensor": "raw", "scale": [1, 1, 1, 1], "offset": [0, 0, 0, 0]},
                    "halo": [0, 0, 32, 32],
                    "postprocessing": [{"name": "sigmoid"}],
                }
            ],
            "test_inputs": ["test_input.npy"],
            "test_outputs": ["test_output.npy"],
            "weights": weights,
        }
    write(folder, description, [network / "weights.onnx"], arrays)


def identity(path):
    """A network that changes nothing, of any number of channels."""
    sizes = ["n", "c", "h", "w"]
    value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sizes)
    node = onnx.helper.make_node("Identity", ["image"], ["out"])
    graph = onnx.helper.make_graph([node], "identity", [value("image")], [value("out")])
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


def steps(path):
    """What every step makes of two samples of two channels."""
    random = np.random.default_rng(5)
    raw = (random.gamma(2.0, 3.0, (2, 2, 5, 6)) - 2).astype("float32")
    cases = [
        ("binarize", {"threshold": 1.5}),
        ("binarize", {"axis": "channel", "threshold": [0.5, 4.0]}),
        ("clip", {"min": 0.25, "max": 5.0}),
        ("clip", {"max": 5.0}),
        ("clip", {"min_percentile": 7.0, "max_percentile": 91.0, "axes": ["y", "x"]}),
        ("clip", {"min_percentile": 20.0, "axes": ["channel", "y", "x"]}),
        ("clip", {"min": 0.5, "max_percentile": 66.0}),
        ("ensure_dtype", {"dtype": "float32"}),
        ("scale_linear", {"gain": 1.25, "offset": -3.0}),
        ("scale_linear", {"axis": "channel", "gain": [2.0, -0.5], "offset": [1.0, 0.0]}),
        ("scale_linear", {"axis": "channel", "gain": 3.0, "offset": [1.0, 2.0]}),
        ("sigmoid", {}),
        ("softmax", {}),
        ("softmax", {"axis": "channel"}),
        ("fixed_zero_mean_unit_variance", {"mean": 4.0, "std": 2.5}),
        ("fixed_zero_mean_unit_variance", {"axis": "channel", "mean": [1.0, 2.0], "std": [0.5, 3.0]}),
        ("zero_mean_unit_variance", {"axes": ["y", "x"]}),
        ("zero_mean_unit_variance", {"axes": ["channel", "y", "x"], "eps": 0.05}),
        ("zero_mean_unit_variance", {"axes": ["batch", "y", "x"]}),
        ("zero_mean_unit_variance", {}),
        ("scale_range", {"axes": ["y", "x"], "min_percentile": 3.0, "max_percentile": 97.0}),
        ("scale_range", {"axes": ["batch", "channel", "y", "x"], "eps": 0.01}),
        ("scale_range", {}),
    ]
    dims = ["batch", "channel", "y", "x"]
    written = []
    for name, kwargs in cases:
        step = {"id": name, "kwargs": kwargs}
        # Statistics of each sample are those along axes without the batch, so all samples are computed at once.
        made = apply([step], raw, dims).astype("float32")
        written.append(step | {"expected": made.ravel().tolist()})
    # Steps after the network that look at its input, which a first step before it changes.
    before = [{"id": "scale_linear", "kwargs": {"gain": -0.5, "offset": 7.0}}]
    changed = apply(before, raw, dims)
    after = []
    for name, kwargs in [
        ("scale_mean_variance", {"reference_tensor": "image", "axes": ["y", "x"], "eps": 0.001}),
        ("scale_mean_variance", {"reference_tensor": "image"}),
        ("scale_range", {"reference_tensor": "image", "axes": ["channel", "y", "x"], "max_percentile": 90.0}),
        ("zero_mean_unit_variance", {"axes": ["y", "x"]}),
    ]:
        step = {"id": name, "kwargs": kwargs}
        after.append(step | {"expected": apply([step], changed, dims, raw).ravel().tolist()})
    # Statistics are those before the first step.
    chain = [
        {"id": "clip", "kwargs": {"min": 0.0, "max": 4.0}},
        {"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}},
    ]
    found = {
        "shape": list(raw.shape),
        "raw": raw.ravel().tolist(),
        "steps": written,
        "before": before,
        "after": after,
        "chain": {"steps": chain, "expected": apply(chain, raw, dims).ravel().tolist()},
    }
    path.write_text(json.dumps(found).replace("}, {", "},\n{") + "\n")


def main():
    target = Path(sys.argv[1])
    if len(sys.argv) > 2:
        real(target, Path(sys.argv[2]), sys.argv[3])
        return
    for make in (planes_0_5, unet_0_4, volume_0_5, external_0_5):
        make(target / make.__name__)
    identity(target / "identity.onnx")
    steps(target / "steps.json")


if __name__ == "__main__":
    main()
