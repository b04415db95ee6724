"""A consumer of savctl's events: each counts once, although it may arrive twice.

    python consume_events.py

The broker is BROKER_URL. What was seen is kept in seen.db. Needs pika.
"""

import json
import os
import sqlite3

import pika

BROKER = os.environ.get("BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/")


def handle(event, data):
    """What your service does with an event; in the transaction that remembers its id."""
    print(event, data["ticket_number"], flush=True)


def main():
    """Take events in until Ctrl-C."""
    seen = sqlite3.connect("seen.db", isolation_level=None)
    seen.execute("CREATE TABLE IF NOT EXISTS seen (message_id TEXT PRIMARY KEY)")
    connection = pika.BlockingConnection(pika.URLParameters(BROKER))
    channel = connection.channel()
    channel.queue_declare("example.tickets", durable=True)
    channel.queue_bind("example.tickets", "sav_exchange", "sav.ticket.*")
    channel.basic_qos(prefetch_count=50)

    def on_message(channel, method, properties, body):
        seen.execute("BEGIN IMMEDIATE")
        is_new = seen.execute(
            "INSERT OR IGNORE INTO seen VALUES (?)", (properties.message_id,)
        ).rowcount
        if is_new:
            message = json.loads(body)
            handle(message["event"], message["data"])
        seen.execute("COMMIT")
        channel.basic_ack(method.delivery_tag)  # after the commit: never before

    channel.basic_consume("example.tickets", on_message)
    try:
        channel.start_consuming()
    except KeyboardInterrupt:
        connection.close()


if __name__ == "__main__":
    main()
