"""install.sh on a bundle of one small wheel. The real one, with the network cut, is `make bundle-test`."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "bundle" / "install.sh"
KIND = f"cp{sys.version_info[0]}{sys.version_info[1]}-{sys.platform}-{platform.machine()}"
PROGRAM = """
import sys
def main():
    print("doctor: all is well" if "doctor" in sys.argv else "g60 {version}")
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_sums(bundle: Path) -> None:
    files = sorted(path for path in bundle.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{sha256(path)}  {path.relative_to(bundle)}\n" for path in files]
    (bundle / "SHA256SUMS").write_text("".join(lines))


def write_bundle(bundle: Path, version: str, kind: str = KIND) -> Path:
    for folder in ("wheelhouse", "fonts", "deploy"):
        (bundle / folder).mkdir(parents=True)
    wheel = bundle / "wheelhouse" / f"g60pipeline-{version}-py3-none-any.whl"
    info = f"g60pipeline-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("g60_small.py", PROGRAM.format(version=version))
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: g60pipeline\nVersion: {version}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ng60 = g60_small:main\n")
        archive.writestr(f"{info}/RECORD", "")
    (bundle / "NAME").write_text(f"g60pipeline-{version}-{kind}\n")
    (bundle / "requirements.txt").write_text(f"g60pipeline=={version} --hash=sha256:{sha256(wheel)}\n")
    (bundle / "fonts" / "Some.ttc").write_text("glyphs")
    (bundle / "deploy" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    shutil.copy(SCRIPT, bundle)
    write_sums(bundle)
    return bundle


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return tmp_path / "opt"


def install(bundle: Path, prefix: Path, *options: str) -> subprocess.CompletedProcess[str]:
    home = prefix.parent / "home"
    home.mkdir(exist_ok=True)
    # A package index that answers would hide what the bundle lacks.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHON": sys.executable}
    command = [bundle / "install.sh", "--prefix", prefix, *options]
    return subprocess.run(
        command, env={**environment, "PIP_INDEX_URL": "http://127.0.0.1:9/"}, capture_output=True, text=True
    )


def run_command(prefix: Path) -> str:
    return subprocess.run(
        [prefix / "current" / "bin" / "g60"], capture_output=True, text=True, check=True
    ).stdout.strip()


def installed_in(prefix: Path) -> int:
    return sum(not path.is_symlink() for path in prefix.iterdir())


def test_an_upgrade_takes_the_place_of_what_is_there_only_when_it_is_whole(
    tmp_path: Path, prefix: Path
) -> None:
    first = install(write_bundle(tmp_path / "first", "1.0"), prefix)

    assert first.returncode == 0, first.stderr
    assert run_command(prefix) == "g60 1.0"
    assert "doctor: all is well" in first.stdout
    assert (prefix.parent / "home/.local/share/fonts/g60/Some.ttc").exists()
    assert (prefix / "current" / "deploy" / "dagster.yaml").exists()
    assert list((prefix / "current" / "lib").rglob("g60_small.*.pyc"))

    # Whoever changes a wheel may write the sums anew; the requirements name the wheel's hash too.
    broken = write_bundle(tmp_path / "broken", "2.0")
    with zipfile.ZipFile(next((broken / "wheelhouse").iterdir()), "a") as archive:
        archive.writestr("more.py", "")
    write_sums(broken)
    second = install(broken, prefix)

    assert second.returncode != 0
    assert "HASHES" in second.stderr
    assert run_command(prefix) == "g60 1.0"
    assert installed_in(prefix) == 1

    whole = write_bundle(tmp_path / "whole", "2.0")
    for _ in range(2):
        assert install(whole, prefix, "--fonts", "none").returncode == 0
    assert run_command(prefix) == "g60 2.0"
    assert installed_in(prefix) == 2  # the old one stays to go back to


@pytest.mark.parametrize(
    "name", ["wheelhouse/g60pipeline-1.0-py3-none-any.whl", "fonts/Some.ttc", "install.sh"]
)
def test_a_file_that_was_changed_is_named_and_nothing_is_installed(
    tmp_path: Path, prefix: Path, name: str
) -> None:
    bundle = write_bundle(tmp_path / "bundle", "1.0")
    with (bundle / name).open("ab") as file:
        file.write(b"\n")
    run = install(bundle, prefix)

    assert run.returncode == 1
    assert run.stderr.startswith("install.sh: this bundle is not as it was packed")
    assert f"{name}: FAILED" in run.stderr
    assert not prefix.exists()


def test_a_bundle_without_sums_is_refused(tmp_path: Path, prefix: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", "1.0")
    (bundle / "SHA256SUMS").unlink()
    run = install(bundle, prefix)

    assert (run.returncode, prefix.exists()) == (1, False)
    assert "SHA256SUMS is missing" in run.stderr


def test_a_bundle_for_another_python_is_refused(tmp_path: Path, prefix: Path) -> None:
    run = install(write_bundle(tmp_path / "bundle", "1.0", kind="cp399-linux-riscv64"), prefix)

    assert (run.returncode, prefix.exists()) == (1, False)
    assert "cp399-linux-riscv64" in run.stderr
    assert KIND in run.stderr


@pytest.mark.parametrize(
    "options", [["--fonts", "somewhere"], ["--fonts"], ["--colour", "red"], ["--prefix", ""]]
)
def test_wrong_usage(tmp_path: Path, prefix: Path, options: list[str]) -> None:
    run = install(write_bundle(tmp_path / "bundle", "1.0"), prefix, *options)

    assert (run.returncode, prefix.exists()) == (2, False)
    assert run.stderr.startswith("usage: install.sh")
