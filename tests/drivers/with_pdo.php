<?php
// The checks of 008_drivers.pl with PDO: parameters bound in the server.
if (!extension_loaded('pdo_pgsql'))
    exit(77);
[, $first, $second, $third] = $argv;
$db = new PDO(sprintf('pgsql:host=%s;port=%s;dbname=%s;user=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGUSER')));
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);

function column($sql, ...$values)
{
    global $db;
    $statement = $db->prepare($sql);
    $statement->execute($values);
    return implode(' ', $statement->fetchAll(PDO::FETCH_COLUMN, 0));
}

echo 'registered ', column('SELECT path FROM migrate_register(?, ?)', $first, 'versions/a1.sql'), "\n";
echo 'registered ', column('SELECT path FROM migrate_register(?)', $second), "\n";
$db->beginTransaction();
echo 'upgraded ', column('SELECT revision FROM migrate_upgrade(?)', 'head'), "\n";
$db->rollBack();
echo 'rolled back ', column('SELECT count(*) FROM migrate_version'), "\n";
echo 'upgraded ', column('SELECT revision FROM migrate_upgrade(?)', 'head'), "\n";
$again = $db->prepare('SELECT count(*) FROM migrate_upgrade(?)');
for ($i = 0; $i < 2; $i++) {
    $again->execute(['head']);
    echo 'again ', $again->fetchColumn(), "\n";
}
try {
    column('SELECT migrate_upgrade(?)', 'nowhere');
} catch (PDOException $error) {
    echo 'error ', $error->getCode(), "\n";
}
echo 'text ', column('SELECT t FROM account'), "\n";
$db->beginTransaction();
$db->exec("DECLARE part CURSOR FOR SELECT revision FROM migrate_downgrade('base')");
echo 'cursor ', column('FETCH part'), ' ', column('FETCH part'), "\n";
$db->commit();
echo 'left ', column('SELECT count(*) FROM migrate_version'), "\n";
echo 'registered ', column('SELECT path FROM migrate_register(?)', $third), "\n";
$run = $db->prepare('CALL migrate_run(?)');
$db->beginTransaction();
try {
    $run->execute(['head']);
} catch (PDOException $error) {
    echo 'in a transaction ', $error->getCode(), "\n";
}
$db->rollBack();
$run->execute(['head']);
echo 'run ', column("SELECT version_num || ' ' || indisvalid
    FROM migrate_version, pg_index WHERE indexrelid = 'account_t'::regclass"), "\n";
