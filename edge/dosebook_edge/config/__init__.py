"""Configuration of a box: every key once (`keys`), values in layers with their origin."""

from dosebook_edge.config.keys import BoxSettings
from dosebook_edge.config.layers import ConfigError, Loaded, load
from dosebook_edge.config.sources import SourceSection

__all__ = ["BoxSettings", "ConfigError", "Loaded", "SourceSection", "load"]
