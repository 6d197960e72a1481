"""Tests that decide whether a release is good."""
