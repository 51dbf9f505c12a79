"""Names in the character sets of PS3.3 C.12.1.1.2, as reports and headers encode them."""

import pytest

from dosebook_protocol.dicom.read import read_object
from tests.support.dicom_bytes import file_bytes

LATIN = b"M\xfcller^J\xf6rg"


@pytest.mark.parametrize("sop_class", ["1.1", "88.67"])
@pytest.mark.parametrize(
    ("character_set", "sent", "name"),
    [
        ("ISO_IR 100", LATIN, "Müller^Jörg"),
        ("ISO 2022 IR 100", LATIN, "Müller^Jörg"),
        ("ISO_IR 101", b"\xc8ech^R\xf9\xbeena", "Čech^Růžena"),
        ("ISO_IR 110", b"\xd3^\xb3", "Ķ^ŗ"),
        ("ISO_IR 126", b"\xc4\xe9\xef\xed", "Διον"),
        ("ISO_IR 138", b"\xf9\xf8\xe5\xef", "שרון"),
        ("ISO_IR 144", b"\xbb\xee\xda\xe1", "Люкс"),
        ("ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
        ("ISO_IR 166", b"\xb9\xd2\xc1", "นาม"),
        ("ISO_IR 203", b"\xbcuvre^\xa4", "Œuvre^€"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 192", "Wang=王^小东".encode(), "Wang=王^小东"),
        ("GB18030", "Wang=王^小东".encode("gb18030"), "Wang=王^小东"),
        ("\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B", "Yamada=山田"),
        ("\\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce", "Hong=洪^吉"),
        ("ISO_IR 149", b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce", "Hong=洪^吉"),
        ("ISO_IR 58", b"Zhang=\x1b$)A\xd5\xc5", "Zhang=张"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", b"M\xfcller=\x1b-L\xbb\xee", "Müller=Лю"),
    ],
)
def test_p22_a_name_is_decoded_by_the_set_that_is_named(
    sop_class: str, character_set: str, sent: bytes, name: str
) -> None:
    """Each set of the standard, and the names that devices make of it, gives the name (P22)."""
    reading = read_object(
        file_bytes(
            {
                0x00080005: ("CS", character_set),
                0x00080016: ("UI", f"1.2.840.10008.5.1.4.1.1.{sop_class}"),
                0x00080018: ("UI", "1.2.3.9.1"),
                0x00080060: ("CS", "DX" if sop_class == "1.1" else "SR"),
                0x00100010: ("PN", sent),
                0x0020000D: ("UI", "1.2.3"),
            }
        )
    )
    assert reading.patient.name == name
