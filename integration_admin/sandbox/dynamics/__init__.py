"""Simulated Microsoft Dynamics 365: Entra ID, Business Central and Finance & Operations in one application."""
