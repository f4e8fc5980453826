"""The shop: one folder a business domain, each built only from what the panel offers."""
