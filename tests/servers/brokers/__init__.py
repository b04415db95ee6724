"""Private RabbitMQ nodes, and a consumer."""
