"""A simulated Xledger: its GraphQL API as far as public sources show it, over a ledger of its own."""
