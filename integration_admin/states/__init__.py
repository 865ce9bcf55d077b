"""Reflex states: guard, validate, call one service method, set plain data."""
