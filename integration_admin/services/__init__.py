"""What the product does. No Reflex, no HTTP client, no SQL, no cryptography here."""
