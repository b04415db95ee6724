<?php
// A consumer of savctl's events: each counts once, although it may arrive twice.
//
//     composer require php-amqplib/php-amqplib
//     php consume_events.php
//
// The broker is BROKER_HOST, BROKER_PORT, BROKER_USER, BROKER_PASSWORD, BROKER_VHOST. What was seen is kept in
// seen.db.

require __DIR__ . '/vendor/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;

function handle(string $event, array $data): void
{
    // What your service does with an event; in the transaction that remembers its id.
    echo $event, ' ', $data['ticket_number'], PHP_EOL;
}

$seen = new PDO('sqlite:seen.db');
$seen->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$seen->exec('CREATE TABLE IF NOT EXISTS seen (message_id TEXT PRIMARY KEY)');
$remember = $seen->prepare('INSERT OR IGNORE INTO seen VALUES (?)');

$connection = new AMQPStreamConnection(
    getenv('BROKER_HOST') ?: '127.0.0.1',
    (int) (getenv('BROKER_PORT') ?: 5672),
    getenv('BROKER_USER') ?: 'guest',
    getenv('BROKER_PASSWORD') ?: 'guest',
    getenv('BROKER_VHOST') ?: '/'
);
$channel = $connection->channel();
$channel->queue_declare('example.tickets', false, true, false, false);
$channel->queue_bind('example.tickets', 'sav_exchange', 'sav.ticket.*');
$channel->basic_qos(0, 50, false);

$channel->basic_consume(
    'example.tickets',
    '',
    false,
    false,
    false,
    false,
    function (AMQPMessage $message) use ($seen, $remember): void {
        $seen->beginTransaction();
        $remember->execute([$message->get('message_id')]);
        if ($remember->rowCount() > 0) {
            $body = json_decode($message->getBody(), true, 64, JSON_THROW_ON_ERROR);
            handle($body['event'], $body['data']);
        }
        $seen->commit();
        $message->ack();  // after the commit: never before
    }
);
while ($channel->is_consuming()) {
    $channel->wait();
}
