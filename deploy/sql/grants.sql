-- The database and both users of savctl, on MySQL or MariaDB. Run it as an administrator.
-- Replace each … with a password of its own. The service's own users stay as they are.

CREATE DATABASE IF NOT EXISTS sav_service_db CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- every day: commands, jobs, scheduler
CREATE USER 'savctl'@'%' IDENTIFIED BY '…';
GRANT SELECT, INSERT, UPDATE, DELETE ON sav_service_db.* TO 'savctl'@'%';

-- db upgrade, db adopt, db downgrade; ALTER is for the statements that db adopt proposes
CREATE USER 'savctl_deploy'@'%' IDENTIFIED BY '…';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES, DROP
    ON sav_service_db.* TO 'savctl_deploy'@'%';

-- backup create: what a whole dump needs; the position in MySQL's binary log needs the second line
GRANT SHOW VIEW, TRIGGER, EVENT ON sav_service_db.* TO 'savctl'@'%';
-- GRANT RELOAD, REPLICATION CLIENT ON *.* TO 'savctl'@'%';
-- the job binlog-backup reads binary logs as a replica does
-- GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'savctl'@'%';
-- backup verify --restore-test restores into a schema of this name and drops it
GRANT ALL ON `savctl\_restore\_%`.* TO 'savctl'@'%';
