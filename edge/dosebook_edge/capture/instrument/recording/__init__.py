"""Exposures made durable: a journal while they last, a record when they end."""
