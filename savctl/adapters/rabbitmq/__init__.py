"""The broker: RabbitMQ. Home of pika."""
