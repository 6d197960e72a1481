"""Telling people and systems what was done."""
