"""What the corpus's EXPECTED.json calls the fields of a reading."""

STUDY = {
    "uid": "uid",
    "date": "date",
    "time": "time",
    "accession": "accession_number",
    "study_id": "id",
    "description": "description",
}
