"""A raw name as a list of words: accents and case folded, shorthand for contrast spelled out."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z][a-z])")
_WORD: Final = re.compile(r"[a-z]+[0-9]*[a-z]*|[0-9]+[a-z]*|[^\W\d_a-z]+")
_CJK: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# Letters that the compatibility decomposition leaves whole.
_WHOLE: Final = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})

_AGENT: Final = r"(?:c|cte?|contrast[eo]?|mdc|civ|iv|inj|injection|km|kontrast|pdc)\b"

# What consoles write with punctuation that would be lost between words. The order counts.
_SHORTHAND: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\b(\d+)\s*m\s*[-]?\s*tc\b|\btc\s*[-]?\s*(\d+)\s*m\b", " tc99m "),
        (r"\bi\s*-?\s*123\b|\b123\s*-?\s*i\b", " iode123 "),
        (r"\btl\s*-?\s*201\b|\b201\s*-?\s*tl\b|\bthallium\b", " tl201 "),
        (r"\b18\s*f?\s*-?\s*fdg\b|\bf\s*-?\s*18\s*-?\s*fdg\b", " fdg "),
        (r"\bw\s*/?\s*(?:&|and|\+)?\s*(?:/\s*)?w\s*/?\s*o\b", " without and with contrast "),
        (r"\bw\s*/?\s*o\s*(?:/|&|and|\+)?\s*w\b", " without and with contrast "),
        (r"\bw\s*/\s*o\b", " without "),
        (r"\bw\s*/", " with "),
        (rf"\bs\s*/\s*{_AGENT}", " sin contraste "),
        (rf"\bc\s*/\s*{_AGENT}", " con contraste "),
        (r"\+\s*/\s*-|±", " plusminus "),
        (
            r"\b(?:c|iv|pdc|km|mdc)\+(?![a-z])|\+\s?(?:c|iv|pdc|km|mdc)\b(?![ -]*(?:spine|arm))",
            " mitkm ",
        ),
        (
            r"\b(?:c|iv|pdc|km|mdc)-(?=\)|$)|(?<=[\s(])-(?:c|iv|pdc|km|mdc)\b(?![ -]*spine)",
            " ohnekm ",
        ),
        (r"\b(p|a)\s*\.\s*(a|p)\b\.?", r" \1\2 "),
        (r"\bl\s*\.\s*l\b\.?", " ll "),
    )
)
_SAME_SOUND: Final = (("ph", "f"), ("th", "t"), ("ck", "k"), ("ae", "e"), ("oe", "e"))


@lru_cache(maxsize=65536)
def name_key(text: str) -> str:
    """Return the form under which one name is the same name, whatever its case and separators.

    Punctuation that means something (`+C`, `w/o`) stays: two names that differ in it are two names.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\s^_]+", " ", plain).split())


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return a text in lower case without accents; Japanese keeps its marks."""
    plain = unicodedata.normalize("NFKC", text).translate(_WHOLE).casefold().translate(_WHOLE)
    if _CJK.search(plain):
        return plain
    bare = unicodedata.normalize("NFKD", plain)
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Return the folded words of a raw name, in order."""
    plain = fold(_CAMEL.sub(" ", text)).replace("_", " ").replace("^", " ")
    for pattern, spelled in _SHORTHAND:
        plain = pattern.sub(spelled, plain)
    return tuple(_WORD.findall(plain))


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """Return one spelling for what the languages spell differently: `cysto`, `zysto`, `cisto`.

    Short words keep their letters, because they would run together.
    """
    if len(word) < 5 or not word.isascii() or any(letter.isdigit() for letter in word):
        return word
    for written, heard in _SAME_SOUND:
        word = word.replace(written, heard)
    word = word.translate(str.maketrans("kyzjw", "cicif"))
    word = re.sub(r"([a-z])\1", r"\1", word)
    return word.rstrip("aeious") if len(word.rstrip("aeious")) >= 4 else word


def is_japanese(word: str) -> bool:
    """Whether a word is a run of Japanese letters, which has no spaces within."""
    return bool(_CJK.match(word))
