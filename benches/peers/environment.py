"""What has to be there before anything is measured: the pinned packages, and a program of this repository."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def fail(text: str) -> NoReturn:
    # 1 is for results that differ.
    print(text, file=sys.stderr)
    sys.exit(2)


def enter(folder: Path, requirements: Path) -> None:
    """Runs this program again with the pinned packages, which are installed when they are not there or have changed."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = folder / "installed.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        print(f"installing {requirements.name} into {folder.relative_to(ROOT)}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        (folder / ".gitignore").write_text("*\n")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
        if subprocess.run(install).returncode:
            fail(f"pip could not install {requirements.name}")
        shutil.copy(requirements, installed)
    if Path(sys.prefix).resolve() != folder:
        sys.stderr.flush()
        os.execve(python, [str(python), *sys.argv], {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def build(example: str) -> Path:
    return built(["--example", example], example)


def build_command() -> Path:
    return built(["--bin", "patchweave"], "patchweave")


def built(target: list[str], name: str) -> Path:
    command = ["cargo", "build", "--release", *target, "--message-format=json-render-diagnostics"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    # Only programs have an executable; libraries may have the same name.
    programs = [m["executable"] for m in messages if m.get("target", {}).get("name") == name and m.get("executable")]
    if done.returncode or not programs:
        fail(f"cargo could not build {name}")
    return Path(programs[-1])
