"""The standard procedures as the packages of a registry list them."""

from dosebook_central.domain.procedures.vocabulary import Vocabulary
from dosebook_central.dosimetry.sets import Library, view


def vocabulary_of(library: Library) -> Vocabulary:
    """Return the vocabulary of a library, made once; unverified codes are left out."""
    return view(library, _read)


def _read(library: Library) -> Vocabulary:
    return Vocabulary.from_rows(
        *(
            [row for package in library.of(kind) for row in package.rows_in_force]
            for kind in ("procedures", "procedure-codes", "procedure-words")
        )
    )
