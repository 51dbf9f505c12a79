"""Rules judged as exams are derived, and tried before they are put in force."""
