"""Signed coefficient packages: a changed word or row is found, whatever is handed in."""

import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from dosebook_central.dosimetry.package_files import SIGNATURE, PackageFiles, read_files
from dosebook_central.dosimetry.package_reading import MANIFEST, ROWS, PackageError
from dosebook_central.dosimetry.package_signing import (
    public_key_pem,
    read_public_key,
    sign,
    verified,
)
from dosebook_protocol.cose import Signer

TOML = b"""id = "own-weights"
version = "1"
kind = "tissue-weights"
title = "Tissue weights"
citation = "Own"
"""
CSV = b"tissue,wT_ICRP103,wT_ICRP60,verified,notes\nlung,0.12,0.12,secondary,\n"
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)), "registry")
KEYS = {"registry": SIGNER.public_key}
SIGNED = PackageFiles("own", TOML, CSV, sign(PackageFiles("own", TOML, CSV), SIGNER).signature)


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


WHOLE = _zip({f"own/{MANIFEST}": TOML, f"own/{ROWS}": CSV, f"own/{SIGNATURE}": SIGNED.signature})


def test_signed_package_is_read_from_folder_and_zip(tmp_path: Path) -> None:
    """What a registry signed it reads back, from a folder and from a ZIP with or without one."""
    for name, data in ((MANIFEST, TOML), (ROWS, CSV), (SIGNATURE, SIGNED.signature)):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "own.zip").write_bytes(WHOLE)
    (tmp_path / "flat.zip").write_bytes(
        _zip({MANIFEST: TOML, ROWS: CSV, SIGNATURE: SIGNED.signature, "README": b"hello"})
    )

    for path in (tmp_path, tmp_path / "own.zip", tmp_path / "flat.zip"):
        found = verified(read_files(path), KEYS)
        assert found.signer == "registry"
        assert found.package.manifest.id == "own-weights"
        assert found.package.rows[0]["tissue"] == "lung"


@pytest.mark.parametrize(
    ("manifest", "rows", "sentence"),
    [
        (TOML, CSV.replace(b"lung,0.12", b"lung,0.21"), "own/rows.csv was changed"),
        (TOML.replace(b"Own", b"Known"), CSV, "own/manifest.toml was changed"),
    ],
)
def test_change_after_signing_is_refused(manifest: bytes, rows: bytes, sentence: str) -> None:
    """A changed row and a changed word are refused, and the file at fault is named."""
    with pytest.raises(PackageError, match=sentence):
        verified(PackageFiles("own", manifest, rows, SIGNED.signature), KEYS)


def test_layout_of_the_manifest_is_not_signed() -> None:
    """Comments and the order of lines may change: what the manifest says is what was signed."""
    lines = TOML.splitlines(keepends=True)
    other = b"# the same\n" + b"".join(reversed(lines))

    assert verified(PackageFiles("own", other, CSV, SIGNED.signature), KEYS).signer == "registry"


def test_package_without_a_trusted_signature_is_refused() -> None:
    """No signature, a stranger's, or anything but a signature leads to a sentence with the cure."""
    stranger = Signer(Ed25519PrivateKey.generate(), "registry")
    for signature, sentence in (
        (b"", "sets sign"),
        (sign(SIGNED, stranger).signature, "by none of the keys"),
        (b"\x00nonsense", "by none of the keys"),
    ):
        with pytest.raises(PackageError, match=sentence):
            verified(PackageFiles("own", TOML, CSV, signature), KEYS)


def test_public_key_of_a_publisher_is_read(tmp_path: Path) -> None:
    """A key that one registry prints is one that another reads; other files are refused."""
    path = tmp_path / "key.pem"
    path.write_text(public_key_pem(SIGNER.public_key))
    assert read_public_key(path) == SIGNER.public_key

    elliptic = generate_private_key(SECP256R1()).public_key()
    path.write_bytes(elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(PackageError, match="not an Ed25519 key"):
        read_public_key(path)
    path.write_text("hello")
    with pytest.raises(PackageError, match="not a public key"):
        read_public_key(path)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({ROWS: CSV}, "has no manifest.toml"),
        ({f"../{MANIFEST}": TOML, ROWS: CSV}, "outside one folder"),
        ({f"/{MANIFEST}": TOML, ROWS: CSV}, "outside one folder"),
        ({f"a/b/{MANIFEST}": TOML, ROWS: CSV}, "outside one folder"),
        ({f"a/{MANIFEST}": TOML, MANIFEST: TOML, ROWS: CSV}, "manifest.toml twice"),
        ({MANIFEST: TOML, ROWS: bytes(50_000_000)}, "rows.csv is larger than"),
        ({f"n{number}": b"" for number in range(30)}, "more than 20 files"),
    ],
)
def test_zip_that_is_no_package_is_refused(
    tmp_path: Path, members: dict[str, bytes], sentence: str
) -> None:
    """Paths that lead out, doubles, too many files and a ZIP that swells are refused unread."""
    path = tmp_path / "x.zip"
    path.write_bytes(_zip(members))

    with pytest.raises(PackageError, match=sentence):
        read_files(path)


def test_what_is_not_a_package_is_refused(tmp_path: Path) -> None:
    """A text file, an empty folder and a huge file lead to one sentence each."""
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(PackageError, match="not a readable ZIP"):
        read_files(tmp_path / "a.txt")
    with pytest.raises(PackageError, match=r"has no manifest\.toml"):
        read_files(tmp_path)
    (tmp_path / "b.zip").write_bytes(bytes(5_000_001))
    with pytest.raises(PackageError, match="larger than"):
        read_files(tmp_path / "b.zip")
    (tmp_path / MANIFEST).write_bytes(bytes(70_000))
    with pytest.raises(PackageError, match="larger than"):
        read_files(tmp_path)


def _mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """Bytes of a file with some of them replaced, removed, doubled or strange ones put in."""
    position = st.integers(0, len(data))
    piece = st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [b'"', b"\n", b",", b"\r", b"\xff", b"[[", b"= ", b"''' ", b"\x00", b"1e9"]
        ),
    )

    def put(at: int, until: int, new: bytes) -> bytes:
        return data[:at] + new + data[until:]

    return st.builds(put, position, position, piece)


@given(_mutated(TOML), _mutated(CSV))
@example(TOML, CSV)
@example(b"a = " + b"[" * 5000, CSV)
@example(b"a = " + b"9" * 5000, CSV)
@example(TOML.replace(b"Own", b"\\ud800"), CSV)
@example(TOML + b'valid_from = "2020-13-45"\n', CSV)
@example(TOML, b'tissue,wT_ICRP103,wT_ICRP60,verified,notes\n"' + b"x" * 200_000 + b'",1,1,no,\n')
def test_mutated_files_are_read_whole_or_refused(manifest: bytes, rows: bytes) -> None:
    """Whatever the bytes, a package is read whole or refused in one sentence naming its place."""
    sentence = ""
    try:
        signed = sign(PackageFiles("own", manifest, rows), SIGNER)
    except PackageError as error:
        sentence = str(error)
    if sentence:
        assert sentence.startswith("own/")
    else:
        assert signed.package.rows
        assert all(set(row) == set(signed.package.rows[0]) for row in signed.package.rows)


@given(_mutated(WHOLE))
def test_mutated_zip_never_passes_as_another_package(data: bytes) -> None:
    """A ZIP with any byte changed gives the very package that was signed, or a refusal."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(data)
        file.flush()
        try:
            found = verified(read_files(Path(file.name)), KEYS)
        except PackageError:
            return
    assert found.package == verified(SIGNED, KEYS).package
