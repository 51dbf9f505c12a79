"""Write the schema files, or with `--check` tell which are not current."""

import sys

from dosebook_protocol.schemas import FOLDER, MODELS, outdated, text_of

if "--check" in sys.argv[1:]:
    if names := outdated():
        sys.exit(f"not current: {', '.join(names)}: run python -m dosebook_protocol.schemas")
else:
    FOLDER.mkdir(exist_ok=True)
    for model in MODELS:
        (FOLDER / f"{model}.schema.json").write_text(text_of(model))
