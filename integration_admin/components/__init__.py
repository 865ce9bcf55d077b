"""What pages are drawn with: Designsystemet on semantic HTML, the page shell, texts."""
