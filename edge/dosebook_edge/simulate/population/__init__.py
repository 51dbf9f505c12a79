"""A simulated hospital of many years, exam by exam as numbers: far more than could be sent."""
