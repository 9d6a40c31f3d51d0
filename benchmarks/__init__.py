"""Measurements. Each prints ratios; none is a test."""
