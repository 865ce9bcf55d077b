"""Microsoft Dynamics 365: signing in to Entra ID, and one folder each for the two accounting systems."""
