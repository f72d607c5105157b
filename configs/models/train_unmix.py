"""Trains `unmix.onnx`, the network of the quickstart, on images that patchweave simulates.

    python3.11 -m venv venv && venv/bin/pip install -r requirements.txt
    cargo build --release
    venv/bin/python train_unmix.py ../../target/release/patchweave

The network takes a mixed image and gives its structures: nuclei, filaments and puncta. All values are normalised image by image
and channel by channel, to mean 0 and deviation 1, as the quickstart normalises its own. Training, validation and the quickstart
use different seeds of the simulation. One thread and fixed seeds make the training repeatable on one kind of processor; it takes
about five minutes. The network with the last weights is written, whatever the validation says of it.
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import tifffile
import torch
from torch import nn
from torch.nn import functional

HERE = Path(__file__).resolve().parent
# Seed 42 makes the images of the quickstart.
TRAINING_SEEDS = range(1000, 1024)
VALIDATION_SEEDS = range(2000, 2004)
SEED = 1
N_STEPS = 2400
BATCH = 8
PATCH = 96
LEARNING_RATE = 2e-3
OPSET = 17
# Sizes of tiles have to be multiples of this.
STEP = 4


class Unmix(nn.Module):
    """A small U-Net: two halvings, 92 611 weights; it sees 22 pixels to each side."""

    def __init__(self, n_outputs=3):
        super().__init__()
        self.fine = nn.Sequential(conv(1, 16), conv(16, 16))
        self.middle = conv(16, 32)
        self.coarse = nn.Sequential(conv(32, 48), conv(48, 48), conv(48, 48))
        self.to_middle = conv(48 + 32, 32)
        self.to_fine = conv(32 + 16, 16)
        self.head = nn.Conv2d(16, n_outputs, 1)

    def forward(self, mixed):
        fine = self.fine(mixed)
        middle = self.middle(functional.avg_pool2d(fine, 2))
        coarse = self.coarse(functional.avg_pool2d(middle, 2))
        middle = self.to_middle(torch.cat([doubled(coarse), middle], 1))
        fine = self.to_fine(torch.cat([doubled(middle), fine], 1))
        return self.head(fine)


def conv(n_inputs, n_outputs):
    return nn.Sequential(nn.Conv2d(n_inputs, n_outputs, 3, padding=1), nn.ReLU())


def doubled(block):
    return functional.interpolate(block, scale_factor=2, mode="nearest")


def simulated(patchweave, seed, folder):
    """The mixed image as 1 × Y × X and its structures as C × Y × X, both normalised channel by channel."""
    data = Path(folder) / str(seed)
    subprocess.run([patchweave, "simulate", data, "--seed", str(seed), "--formats", "tiff"], check=True, stdout=subprocess.DEVNULL)
    mixed = tifffile.imread(data / "mixed.tiff")[None]
    structures = tifffile.imread(data / "structures.tiff")
    return normalised(mixed), normalised(structures)


def normalised(image):
    image = image.astype(np.float32)
    axes = (1, 2)
    return (image - image.mean(axes, keepdims=True)) / image.std(axes, keepdims=True)


def batch(images, rng):
    """Patches at random places, flipped and turned."""
    inputs, targets = [], []
    for _ in range(BATCH):
        mixed, structures = images[rng.integers(len(images))]
        y, x = (rng.integers(size - PATCH + 1) for size in mixed.shape[1:])
        n_turns, is_flipped = rng.integers(4), rng.integers(2)
        for image, patches in ((mixed, inputs), (structures, targets)):
            patch = np.rot90(image[:, y : y + PATCH, x : x + PATCH], n_turns, (1, 2))
            patches.append(patch[:, :, ::-1] if is_flipped else patch)
    return [torch.from_numpy(np.ascontiguousarray(np.stack(patches))) for patches in (inputs, targets)]


def psnr(image, truth):
    """Decibels for each channel; the range of data is that of the truth."""
    error = np.mean((image - truth) ** 2, axis=(1, 2))
    return 10 * np.log10((truth.max((1, 2)) - truth.min((1, 2))) ** 2 / error)


def best_line(mixed, truth):
    """For every channel of the truth the `a · mixed + b` that is nearest to it."""
    lines = [np.polynomial.Polynomial.fit(mixed.ravel(), channel.ravel(), 1) for channel in truth]
    return np.stack([line(mixed[0]) for line in lines])


def report(name, images, run):
    """Mean decibels over images, channel by channel: of the input, of its best line, of the network."""
    rows = []
    for mixed, structures in images:
        # In the intensities of the truth a normalised input means nothing; the program tells of the raw one.
        rows.append([psnr(best_line(mixed, structures), structures), psnr(run(mixed[None])[0], structures)])
    line, network = np.mean(rows, axis=0)
    print(f"{name}: best line {np.round(line, 2)} dB, network {np.round(network, 2)} dB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patchweave", help="the command that simulates")
    parser.add_argument("--steps", type=int, default=N_STEPS)
    parser.add_argument("--output", type=Path, default=HERE / "unmix.onnx")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        training = [simulated(options.patchweave, seed, folder) for seed in TRAINING_SEEDS]
        validation = [simulated(options.patchweave, seed, folder) for seed in VALIDATION_SEEDS]

    network = Unmix()
    print(f"{sum(weights.numel() for weights in network.parameters())} weights", flush=True)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=options.steps)

    def run(inputs):
        with torch.no_grad():
            return network(torch.from_numpy(inputs)).numpy()

    start = time.monotonic()
    losses = []
    for step in range(options.steps):
        inputs, targets = batch(training, rng)
        loss = functional.mse_loss(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % 200 == 0:
            seconds = time.monotonic() - start
            print(f"step {step + 1}: loss {np.mean(losses[-200:]):.4f}, {seconds:.0f} s", flush=True)
            report("  validation", validation[:1], run)
    report("training", training[:4], run)
    report("validation", validation, run)
    export(network.eval(), options.output)
    check(options.output, run, validation)


def export(network, path):
    """Writes the network for any batch and any multiple of `STEP` along Y and X."""
    example = torch.zeros(1, 1, 16 * STEP, 16 * STEP)
    axes = {0: "n", 2: "y", 3: "x"}
    torch.onnx.export(
        network,
        (example,),
        path,
        input_names=["mixed"],
        output_names=["structures"],
        dynamic_axes={"mixed": axes, "structures": axes},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(path), full_check=True)
    print(f"{path}: {path.stat().st_size} bytes")


def check(path, run, images):
    """Lets ONNX Runtime run the file on sizes that were not exported."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for (mixed, _), (n, height, width) in zip(images, [(1, 144, 144), (2, 64, 96), (3, 100, 52), (1, 512, 512)]):
        inputs = np.repeat(mixed[None, :, :height, :width], n, 0)
        (outputs,) = session.run(None, {"mixed": inputs})
        largest = max(largest, float(np.abs(outputs - run(inputs)).max()))
    print(f"largest difference to ONNX Runtime: {largest:.1e}")
    assert largest < 1e-4


if __name__ == "__main__":
    main()
