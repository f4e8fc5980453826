"""File layouts of orders: Shopify, Taobao and Tmall, Doudian. All of them bring in past orders."""
