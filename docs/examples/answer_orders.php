<?php
// An orders service that answers savctl's questions, and publishes a message about an order.
//
//     composer require php-amqplib/php-amqplib
//     php answer_orders.php            answer until it is stopped
//     php answer_orders.php publish    publish that the payment of order 789 failed
//
// The broker is BROKER_HOST, BROKER_PORT, BROKER_USER, BROKER_PASSWORD, BROKER_VHOST.

require __DIR__ . '/vendor/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;

$orders = [
    789 => ['order_id' => 789, 'user_id' => 456, 'status' => 'shipped', 'total' => 620.5, 'currency' => 'EUR'],
];

$connection = new AMQPStreamConnection(
    getenv('BROKER_HOST') ?: '127.0.0.1',
    (int) (getenv('BROKER_PORT') ?: 5672),
    getenv('BROKER_USER') ?: 'guest',
    getenv('BROKER_PASSWORD') ?: 'guest',
    getenv('BROKER_VHOST') ?: '/'
);
$channel = $connection->channel();
$channel->exchange_declare('orders_exchange', 'topic', false, true, false);

if (($argv[1] ?? '') === 'publish') {
    $body = [
        'event' => 'OrderPaymentFailed',
        'timestamp' => gmdate('Y-m-d\TH:i:s\Z'),
        'data' => $orders[789],
    ];
    $channel->basic_publish(
        new AMQPMessage(json_encode($body), [
            'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT,
            'content_type' => 'application/json',
            'message_id' => bin2hex(random_bytes(16)),
        ]),
        'orders_exchange',
        'orders.order.payment_failed'
    );
    $connection->close();
    exit(0);
}

$channel->queue_declare('orders.queries', false, true, false, false);
$channel->queue_bind('orders.queries', 'orders_exchange', 'orders.query.get');
$channel->basic_consume(
    'orders.queries',
    '',
    false,
    false,
    false,
    false,
    function (AMQPMessage $message) use ($orders, $channel): void {
        $data = json_decode($message->getBody(), true, 64, JSON_THROW_ON_ERROR)['data'];
        $order = $orders[$data['order_id']] ?? null;
        // the order of another customer is not named
        $isTheirs = $order !== null && $order['user_id'] === $data['user_id'];
        $reply = $isTheirs ? ['found' => true, 'order' => $order] : ['found' => false];
        $channel->basic_publish(
            new AMQPMessage(json_encode($reply), ['correlation_id' => $message->get('correlation_id')]),
            '',
            $message->get('reply_to')
        );
        $message->ack();
    }
);
while ($channel->is_consuming()) {
    $channel->wait();
}
