"""File layouts of products: Shopify and WooCommerce."""
