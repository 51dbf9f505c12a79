"""Configuration of a box: every key once (`keys`), values in layers with their origin."""

from dosebook_edge.config.keys import BoxSettings, SourceSection
from dosebook_edge.config.layers import ConfigError, Loaded, load

__all__ = ["BoxSettings", "ConfigError", "Loaded", "SourceSection", "load"]
