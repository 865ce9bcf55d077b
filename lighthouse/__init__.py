"""Lighthouse on the pages people use most, behind `make lighthouse`: its scores, and what a page costs a phone."""
