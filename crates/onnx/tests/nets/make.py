"""Makes the small networks beside this file, and what another implementation makes of an input.

    python make.py

needs the package `onnx` (the files here were made with 1.23.2 on NumPy 2.4.6). Weights and inputs are random with a fixed seed.
`NAME.onnx` is a network, `NAME.in.npy` an input, and `NAME.OUTPUT.npy` what onnx.reference.ReferenceEvaluator makes of it.
Networks without arrays beside them are those that have to be refused.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

HERE = Path(__file__).parent


class Net:
    """Collects nodes and weights."""

    def __init__(self, name, opset):
        self.name = name
        self.opset = opset
        self.nodes = []
        self.weights = []
        self.rng = np.random.default_rng(sum(name.encode()))

    def constant(self, name, values):
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def random(self, name, *shape):
        scale = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.1
        return self.constant(name, self.rng.normal(0, scale, shape).astype(np.float32))

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"make_{output}", **attributes))
        return output

    def conv(self, source, output, n_in, n_out, size, op="Conv", pads=True, **attributes):
        first = (n_in, n_out) if op == "ConvTranspose" else (n_out, n_in)
        weights = self.random(f"{output}_weights", *first, *size)
        bias = self.random(f"{output}_bias", n_out)
        if pads and op != "ConvTranspose":
            attributes["pads"] = [n // 2 for n in size] * 2
        return self.node(op, [source, weights, bias], output, **attributes)

    def model(self, inputs, outputs):
        info = lambda tensor: helper.make_tensor_value_info(*tensor)
        graph = helper.make_graph(
            self.nodes, self.name, [info(tensor) for tensor in inputs], [info(tensor) for tensor in outputs], self.weights
        )
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in {node.domain for node in self.nodes} & {"com.microsoft"}]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="make.py", producer_version="1")

    def save(self, inputs, outputs, shape=None):
        model = self.model(inputs, outputs)
        onnx.save(model, HERE / f"{self.name}.onnx")
        if shape is not None:
            onnx.checker.check_model(model)
            image = self.rng.normal(0, 1, shape).astype(np.float32)
            np.save(HERE / f"{self.name}.in.npy", image)
            made = ReferenceEvaluator(model).run(None, {inputs[0][0]: image})
            for (name, *_), array in zip(outputs, made):
                np.save(HERE / f"{self.name}.{name}.npy", array)


FLOAT = TensorProto.FLOAT


def planes():
    """Any size, any batch; two outputs, of which one holds classes."""
    net = Net("planes", 17)
    net.conv("image", "a", 1, 4, (3, 3))
    net.node("Relu", ["a"], "b")
    net.conv("b", "scores", 4, 3, (3, 5))
    net.node("Softmax", ["scores"], "mask", axis=1)
    net.node("ArgMax", ["scores"], "classes", axis=1, keepdims=0)
    net.save(
        [("image", FLOAT, ["batch", 1, "height", "width"])],
        [("mask", FLOAT, ["batch", 3, "height", "width"]), ("classes", TensorProto.INT64, ["batch", "height", "width"])],
        (2, 1, 13, 18),
    )


def unet():
    """Pools twice, so that sizes are multiples of 4; the shape of the output is declared by names of its own."""
    net = Net("unet", 18)
    net.conv("image", "a", 2, 4, (3, 3))
    net.node("Relu", ["a"], "skip_1")
    net.node("MaxPool", ["skip_1"], "down_1", kernel_shape=[2, 2], strides=[2, 2])
    net.conv("down_1", "b", 4, 8, (3, 3))
    net.node("Relu", ["b"], "skip_2")
    net.node("MaxPool", ["skip_2"], "down_2", kernel_shape=[2, 2], strides=[2, 2])
    net.conv("down_2", "c", 8, 8, (3, 3))
    net.node("LeakyRelu", ["c"], "deep", alpha=0.1)
    net.conv("deep", "up_2", 8, 8, (2, 2), op="ConvTranspose", strides=[2, 2])
    net.node("Concat", ["up_2", "skip_2"], "both_2", axis=1)
    net.conv("both_2", "d", 16, 4, (3, 3))
    net.node("Relu", ["d"], "e")
    net.conv("e", "up_1", 4, 4, (2, 2), op="ConvTranspose", strides=[2, 2])
    net.node("Concat", ["up_1", "skip_1"], "both_1", axis=1)
    net.conv("both_1", "f", 8, 1, (1, 1))
    net.node("Sigmoid", ["f"], "probability")
    net.save(
        [("image", FLOAT, [1, 2, "h", "w"])], [("probability", FLOAT, [1, 1, "h_out", "w_out"])], (1, 2, 16, 24)
    )


def volume():
    """A volume, pooled along Y and X, with a second output of half the size along them."""
    # The reference takes the mean of the batch in versions of BatchNormalization before 14.
    net = Net("volume", 15)
    net.conv("image", "a", 1, 3, (3, 3, 3))
    for name in ["scale", "shift", "mean"]:
        net.random(name, 3)
    net.constant("variance", np.array([0.5, 1, 2], np.float32))
    net.node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], "b", epsilon=1e-5)
    net.node("Relu", ["b"], "skip")
    net.node("AveragePool", ["skip"], "down", kernel_shape=[1, 2, 2], strides=[1, 2, 2])
    net.conv("down", "small", 3, 2, (3, 3, 3))
    net.conv("small", "up", 2, 3, (1, 2, 2), op="ConvTranspose", strides=[1, 2, 2])
    net.node("Add", ["up", "skip"], "sum")
    net.conv("sum", "large", 3, 1, (1, 1, 1))
    sizes = ["z", "y", "x"]
    net.save(
        [("image", FLOAT, ["n", 1, *sizes])],
        [("large", FLOAT, [None] * 5), ("small", FLOAT, [None] * 5)],
        (1, 1, 5, 8, 12),
    )


def upscale():
    """Twice as large along Y and X, by rearranged channels and, beside that, by interpolation."""
    net = Net("upscale", 22)
    net.conv("image", "a", 1, 4, (3, 3))
    net.node("DepthToSpace", ["a"], "b", blocksize=2, mode="CRD")
    net.constant("scales", np.array([1, 1, 2, 2], np.float32))
    net.node("Resize", ["image", "", "scales"], "c", mode="linear", coordinate_transformation_mode="half_pixel")
    net.node("Add", ["b", "c"], "large")
    net.save([("image", FLOAT, ["n", 1, "h", "w"])], [("large", FLOAT, ["n", 1, "h2", "w2"])], (2, 1, 7, 9))


def newest():
    """The newest version of the operators that is taken; group and instance normalisation see all of a tile."""
    net = Net("newest", 24)
    net.conv("image", "a", 1, 4, (3, 3))
    net.node("GroupNormalization", ["a", net.random("g", 4), net.random("h", 4)], "b", num_groups=2)
    net.node("Gelu", ["b"], "c")
    net.node("InstanceNormalization", ["c", net.random("i", 4), net.random("j", 4)], "d")
    net.conv("d", "out", 4, 1, (1, 1))
    net.save([("image", FLOAT, ["n", 1, "h", "w"])], [("out", FLOAT, ["n", 1, "h", "w"])], (1, 1, 10, 12))


def last():
    """Channels behind the pixels, and a batch that the file fixes."""
    net = Net("last", 17)
    net.node("Transpose", ["image"], "a", perm=[0, 3, 1, 2])
    net.conv("a", "b", 3, 2, (3, 3))
    net.node("Transpose", ["b"], "out", perm=[0, 2, 3, 1])
    net.save([("image", FLOAT, [1, "h", "w", 3])], [("out", FLOAT, [1, "h", "w", 2])], (1, 9, 8, 3))


def fixed():
    """Sizes that the file fixes, although the network could do without."""
    net = Net("fixed", 11)
    net.conv("image", "a", 1, 2, (3, 3))
    net.node("Tanh", ["a"], "b")
    net.conv("b", "out", 2, 1, (3, 3))
    net.save([("image", FLOAT, [1, 1, 24, 32])], [("out", FLOAT, [1, 1, 24, 32])], (1, 1, 24, 32))


def plain():
    """Neither samples nor channels."""
    net = Net("plain", 7)
    net.node("Sqrt", [net.node("Abs", ["image"], "a")], "out")
    net.save([("image", FLOAT, ["h", "w"])], [("out", FLOAT, ["h", "w"])], (6, 7))


def every():
    """Any number of channels, each by itself; mirrors at borders."""
    net = Net("every", 17)
    net.constant("pads", np.array([0, 0, 3, 3, 0, 0, 3, 3], np.int64))
    net.node("Pad", ["image", "pads"], "a", mode="reflect")
    net.node("AveragePool", ["a"], "out", kernel_shape=[7, 7])
    net.save([("image", FLOAT, ["n", "c", "h", "w"])], [("out", FLOAT, ["n", "c", "h", "w"])], (2, 2, 6, 5))


def column():
    """The fourth column of an image added to all."""
    net = Net("column", 17)
    net.node("Gather", ["image", net.constant("fourth", np.array([3], np.int64))], "a", axis=3)
    net.node("Add", ["image", "a"], "out")
    net.save([("image", FLOAT, ["n", 1, "h", "w"])], [("out", FLOAT, ["n", 1, "h", "w"])], (1, 1, 5, 6))


def external():
    """Weights in a file beside the network."""
    net = Net("external", 17)
    net.conv("image", "out", 1, 8, (5, 5))
    inputs, outputs = [("image", FLOAT, ["n", 1, "h", "w"])], [("out", FLOAT, ["n", 8, "h", "w"])]
    net.save(inputs, outputs, (1, 1, 8, 8))
    (HERE / "external.data").unlink(missing_ok=True)
    onnx.save(
        net.model(inputs, outputs), HERE / "external.onnx", save_as_external_data=True, location="external.data", size_threshold=64
    )


def extended():
    """An operator of ONNX Runtime alone; the reference gets what it stands for. Pools, so that sizes are multiples of 2."""
    for is_reference in [True, False]:
        net = Net("extended", 17)
        net.conv("image", "skip", 1, 2, (3, 3))
        net.node("MaxPool", ["skip"], "down", kernel_shape=[2, 2], strides=[2, 2])
        if is_reference:
            net.conv("down", "linear", 2, 2, (3, 3))
            net.node("Relu", ["linear"], "fused")
        else:
            net.conv("down", "fused", 2, 2, (3, 3), op="FusedConv", domain="com.microsoft", activation="Relu")
        net.conv("fused", "up", 2, 2, (2, 2), op="ConvTranspose", strides=[2, 2])
        net.node("Concat", ["up", "skip"], "out", axis=1)
        inputs, outputs = [("image", FLOAT, ["n", 1, "h", "w"])], [("out", FLOAT, ["n", 4, "h_out", "w_out"])]
        net.save(inputs, outputs, (1, 1, 12, 10) if is_reference else None)


def refused():
    """Networks that are no models of images, or that the runtime does not know."""
    shape = [1, 1, "h", "w"]

    def one(name, inputs, nodes, outputs, opset=17, prepare=lambda net: None):
        net = Net(name, opset)
        prepare(net)
        for op, sources, output, attributes in nodes:
            net.node(op, sources, output, **attributes)
        net.save(inputs, outputs)

    image, out = ("image", FLOAT, shape), ("out", FLOAT, shape)
    relu = [("Relu", ["image"], "out", {})]
    one("half", [("image", TensorProto.FLOAT16, shape)], relu, [("out", TensorProto.FLOAT16, shape)])
    one("bytes", [("image", TensorProto.UINT8, shape)], [("Cast", ["image"], "out", {"to": FLOAT})], [out])
    one("two_inputs", [image, ("noise", FLOAT, shape)], [("Add", ["image", "noise"], "out", {})], [out])
    one("no_input", [], [("Constant", [], "out", {"value_float": 1.0})], [("out", FLOAT, [])])
    one("unknown", [image], [("Sharpen", ["image"], "out", {"domain": "my.own"})], [out])
    one("later", [image], relu, [out], opset=99)
    one("earlier", [image], relu, [out], opset=3)
    one("crooked", [image], relu, [("missing", FLOAT, shape)])
    one("circle", [image], [("Add", ["image", "b"], "a", {}), ("Relu", ["a"], "b", {})], [("b", FLOAT, shape)])
    one("nowhere", [image], [("Add", ["image", "gone"], "out", {})], [out])
    one("vector", [("image", FLOAT, [5])], relu, [("out", FLOAT, [5])])
    one("scalar", [image], [("ReduceMean", ["image"], "out", {"keepdims": 0})], [("out", FLOAT, [])])
    one("classes", [image], [("GlobalAveragePool", ["image"], "a", {}), ("Flatten", ["a"], "out", {})], [("out", FLOAT, [1, 1])])
    one("text", [image], [("Cast", ["image"], "out", {"to": TensorProto.STRING})], [("out", TensorProto.STRING, shape)])
    one("positions", [image], [("NonZero", ["image"], "out", {})], [("out", TensorProto.INT64, [4, "n"])])
    one(
        "valid",
        [image],
        [("Conv", ["image", "w"], "out", {})],
        [out],
        prepare=lambda net: net.random("w", 1, 1, 3, 3),
    )
    one(
        "misfit",
        [image],
        [("Conv", ["image", "w"], "out", {})],
        [out],
        prepare=lambda net: net.random("w", 1, 7, 3, 3),
    )


if __name__ == "__main__":
    for make in [planes, unet, volume, upscale, newest, last, fixed, plain, every, column, external, extended, refused]:
        make()
