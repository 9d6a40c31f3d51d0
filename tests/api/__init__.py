"""Tests of the API and its pages."""
