"""Xledger, by its GraphQL API."""
