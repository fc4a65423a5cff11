// The checks of 008_drivers.pl with node-postgres: its own protocol code.
'use strict';

let pg;
try {
	pg = require('pg');
} catch (error) {
	process.exit(77);
}
const [first, second, third] = process.argv.slice(2);

async function main() {
	const client = new pg.Client();
	const column = async (sql, ...values) =>
		(await client.query({ text: sql, values, rowMode: 'array' })).rows.map((row) => row[0]).join(' ');
	const say = async (word, result) => console.log(word, await result);

	await client.connect();
	await say('registered', column('SELECT path FROM migrate_register($1, $2)', first, 'versions/a1.sql'));
	await say('registered', column('SELECT path FROM migrate_register($1)', second));
	await client.query('BEGIN');
	await say('upgraded', column('SELECT revision FROM migrate_upgrade($1)', 'head'));
	await client.query('ROLLBACK');
	await say('rolled back', column('SELECT count(*) FROM migrate_version'));
	await say('upgraded', column('SELECT revision FROM migrate_upgrade($1)', 'head'));
	for (let i = 0; i < 2; i++) {
		const prepared = { name: 'again', text: 'SELECT count(*) FROM migrate_upgrade($1)', values: ['head'] };
		console.log('again', (await client.query(prepared)).rows[0].count);
	}
	await say('error', column('SELECT migrate_upgrade($1)', 'nowhere').catch((error) => error.code));
	await say('text', column('SELECT t FROM account'));
	await client.query('BEGIN');
	await client.query("DECLARE part CURSOR FOR SELECT revision FROM migrate_downgrade('base')");
	console.log('cursor', await column('FETCH part'), await column('FETCH part'));
	await client.query('COMMIT');
	await say('left', column('SELECT count(*) FROM migrate_version'));
	await say('registered', column('SELECT path FROM migrate_register($1)', third));
	const run = { name: 'run', text: 'CALL migrate_run($1)', values: ['head'] };
	await client.query('BEGIN');
	await say('in a transaction', client.query(run).catch((error) => error.code));
	await client.query('ROLLBACK');
	await client.query(run);
	await say('run', column(`SELECT version_num || ' ' || indisvalid
		FROM migrate_version, pg_index WHERE indexrelid = 'account_t'::regclass`));
	await client.end();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
