"""The parts of Scripts/study.py."""
