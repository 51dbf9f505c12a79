"""Configuration of a box: every key once (`keys`), layers of values with their origin (`layers`)."""

from dosebook_edge.config.keys import BoxSettings, SourceSection
from dosebook_edge.config.layers import ConfigError, Loaded, load

__all__ = ["BoxSettings", "ConfigError", "Loaded", "SourceSection", "load"]
