"""Tests, by what they need: unit, contract, integration, system, browser, docs."""
