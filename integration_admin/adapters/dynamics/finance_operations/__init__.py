"""Microsoft Dynamics 365 Finance & Operations: everything this product knows about it."""
