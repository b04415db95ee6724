"""An auth service and an orders service for trying savctl: they answer questions and publish.

    python services.py answer                       answer until Ctrl-C
    python services.py publish user 456             publish one message about a user
    python services.py publish order 789 --failed   publish one message about an order

The broker is BROKER_URL, by default amqp://guest:guest@127.0.0.1:5672/. Needs pika.
"""

import argparse
import contextlib
import json
import os
import uuid
from datetime import UTC, datetime

import pika

BROKER = os.environ.get("BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/")
USERS = {456: {"email": "ada@example.org", "firstname": "Ada", "lastname": "Byron"}}
ORDERS = {789: {"user_id": 456, "status": "shipped", "total": 620.50, "currency": "EUR"}}


def user(data):
    """What the auth service answers."""
    known = USERS.get(data["user_id"])
    return {"found": True, "user": {**data, **known}} if known else {"found": False}


def order(data):
    """What the orders service answers; the order of another customer it does not name."""
    known = ORDERS.get(data["order_id"])
    if not known or known["user_id"] != data["user_id"]:
        return {"found": False}
    return {"found": True, "order": {"order_id": data["order_id"], **known}}


SERVICES = {
    "auth_exchange": ("auth.query.get", user),
    "orders_exchange": ("orders.query.get", order),
}


def answer(channel):
    """Answer every question, directly to whoever asked."""
    for exchange, (key, reply) in SERVICES.items():
        channel.exchange_declare(exchange, "topic", durable=True)
        queue = channel.queue_declare(f"{exchange}.queries", durable=True).method.queue
        channel.queue_bind(queue, exchange, key)

        def on_question(channel, method, properties, body, reply=reply):
            question = json.loads(body)
            channel.basic_publish(
                "",
                properties.reply_to,
                json.dumps(reply(question["data"])),
                pika.BasicProperties(correlation_id=properties.correlation_id),
            )
            channel.basic_ack(method.delivery_tag)
            print("answered", question["event"], question["data"], flush=True)

        channel.basic_consume(queue, on_question)
    print("answering; Ctrl-C ends it", flush=True)
    channel.start_consuming()


def publish(channel, event, data):
    """Publish one message, persistent, with an id by which savctl knows it again."""
    exchange, key = ("auth_exchange", "auth.user.updated")
    if event.startswith("Order"):
        exchange, key = ("orders_exchange", "orders.order.updated")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = json.dumps({"event": event, "timestamp": now, "data": data})
    properties = pika.BasicProperties(
        delivery_mode=2, content_type="application/json", message_id=str(uuid.uuid4())
    )
    channel.confirm_delivery()
    channel.basic_publish(exchange, key, body, properties, mandatory=True)
    print("published", event, data)


def main():
    """Do what the words of the command line say."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("answer")
    sender = commands.add_parser("publish")
    sender.add_argument("what", choices=["user", "order"])
    sender.add_argument("id", type=int)
    sender.add_argument("--failed", action="store_true", help="a payment failed")
    given = parser.parse_args()
    connection = pika.BlockingConnection(pika.URLParameters(BROKER))
    channel = connection.channel()
    if given.command == "answer":
        with contextlib.suppress(KeyboardInterrupt):
            answer(channel)
    elif given.what == "user":
        person = {"email": f"user{given.id}@example.org", "firstname": "Sam", "lastname": "Doe"}
        publish(channel, "UserUpdated", {"user_id": given.id, **USERS.get(given.id, person)})
    else:
        event = "OrderPaymentFailed" if given.failed else "OrderUpdated"
        publish(channel, event, {"order_id": given.id, **ORDERS.get(given.id, ORDERS[789])})
    connection.close()


if __name__ == "__main__":
    main()
