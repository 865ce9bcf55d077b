"""Microsoft Dynamics 365 Business Central, by its API v2.0."""
