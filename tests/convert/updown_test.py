#!/usr/bin/env python3
"""Tests of the converter: every layout, and what is hard about it."""

import os
import subprocess
import sys
import tempfile
import unittest

CONVERTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "updown.py")


class Converted(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.source = os.path.join(self.directory.name, "source")
        self.output = os.path.join(self.directory.name, "versions")

    def convert(self, files, *options):
        for name, content in files.items():
            path = os.path.join(self.source, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        result = subprocess.run([sys.executable, CONVERTER, self.source, self.output, *options],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
        self.errors = result.stderr
        scripts = {}
        for name in sorted(os.listdir(self.output)) if os.path.isdir(self.output) else []:
            with open(os.path.join(self.output, name), encoding="utf-8", newline="") as file:
                scripts[name] = file.read()
        return result.returncode, scripts

    def assert_fails(self, files, message, *options):
        status, scripts = self.convert(files, *options)
        self.assertEqual(status, 1)
        self.assertEqual(scripts, {})
        self.assertIn(message, self.errors)

    def test_diesel(self):
        status, scripts = self.convert({
            "00000000000000_initial/up.sql": "CREATE TABLE a ();\n",
            "00000000000000_initial/down.sql": "DROP TABLE a;",
            "2024-02-12-120203_drop-index/up.sql": "drop index concurrently i;",
            "2024-02-12-120203_drop-index/down.sql": "-- nothing to do\n",
            "2024-02-12-120203_drop-index/metadata.toml": "run_in_transaction = false\n",
            "README.md": "no migration",
        })
        self.assertEqual(status, 0, self.errors)
        self.assertEqual(scripts, {
            "00000000000000_initial.sql":
                "-- initial\n--\n-- Revision ID: 00000000000000\n-- Revises:\n\n"
                "-- migrate:upgrade\nCREATE TABLE a ();\n\n-- migrate:downgrade\nDROP TABLE a;\n",
            "20240212120203_drop_index.sql":
                "-- drop index\n--\n-- Revision ID: 20240212120203\n-- Revises: 00000000000000\n"
                "-- Create Date: 2024-02-12 12:02:03+00\n\n"
                "-- migrate:upgrade transaction:false\ndrop index concurrently i;\n\n"
                "-- migrate:downgrade none\n-- nothing to do\n",
        })

    def test_golang_migrate(self):
        status, scripts = self.convert({
            "2_second.up.sql": "BEGIN;\nSELECT 2;\nCOMMIT;\n",
            "2_second.down.sql": "",
            "10_tenth.up.sql": "\ufeffSELECT 10",
        })
        self.assertEqual(status, 0, self.errors)
        self.assertEqual(scripts["2_second.sql"].split("\n\n", 1)[1],
                         "-- migrate:upgrade\n/* BEGIN */\nSELECT 2;\n/* COMMIT */\n\n-- migrate:downgrade none\n")
        self.assertIn("-- Revises: 2\n", scripts["10_tenth.sql"])
        self.assertEqual(scripts["10_tenth.sql"].split("\n\n", 1)[1], "-- migrate:upgrade\nSELECT 10\n")

    def test_dbmate(self):
        status, scripts = self.convert({
            "20240101000000_one.sql":
                "-- a header\n-- migrate:up transaction:false\nVACUUM;\n-- migrate:down\nSELECT 1;\n",
            "20240102000000.sql": "-- migrate:up\nSELECT 2;\n",
        })
        self.assertEqual(status, 0, self.errors)
        self.assertEqual(scripts["20240101000000_one.sql"].split("\n\n", 1)[1],
                         "-- migrate:upgrade transaction:false\nVACUUM;\n\n-- migrate:downgrade\nSELECT 1;\n")
        self.assertIn("-- version 20240102000000\n", scripts["20240102000000.sql"])
        self.assertNotIn("migrate:downgrade", scripts["20240102000000.sql"])

    def test_flyway(self):
        status, scripts = self.convert({
            "V1__first.sql": "SELECT 1;",
            "U1__first.sql": "SELECT -1;",
            "V1.10__later.sql": "SELECT 3;",
            "V1_2__Second_step.sql": "SELECT 2;",
            "V1_2__Second_step.sql.conf": "executeInTransaction=false\n",
            "V2__placeholder.sql": "SELECT '${who}';",
            "R__views.sql": "SELECT 4;",
        })
        self.assertEqual(status, 0, self.errors)
        self.assertEqual(sorted(scripts), ["1_10_later.sql", "1_2_second_step.sql", "1_first.sql", "2_placeholder.sql"])
        self.assertIn("-- Revises: 1\n", scripts["1_2_second_step.sql"])
        self.assertIn("-- migrate:upgrade transaction:false\n", scripts["1_2_second_step.sql"])
        self.assertIn("-- Revises: 1_2\n", scripts["1_10_later.sql"])
        self.assertIn("-- migrate:downgrade\nSELECT -1;\n", scripts["1_first.sql"])
        self.assertIn("placeholder ${who} on line 1", self.errors)
        self.assertIn("R__views.sql", self.errors)

    def test_text_like_our_directives(self):
        sql = ("-- migrate:up\nSELECT '\n-- migrate:down\n';\n/*\n-- migrate:down\n*/\n"
               "SELECT $$\n-- migrate:down\n$$; --migrate:down here\n"
               "COPY t FROM STDIN;\n-- migrate:down\n\\.\n  -- MIGRATE:anything\n")
        status, scripts = self.convert({"1_a.up.sql": sql})
        self.assertEqual(status, 0, self.errors)
        expected = sql.replace("-- migrate:up\n", '-- "migrate:up"\n', 1)
        expected = expected.replace("--migrate:down here", '-- "migrate:down here"')
        expected = expected.replace("-- MIGRATE:anything", '-- "MIGRATE:anything"')
        self.assertEqual(scripts["1_a.sql"].split("\n\n", 1)[1], "-- migrate:upgrade\n" + expected)

    def test_hard_statements(self):
        function = ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; "
                    "SELECT 2; END;\nSELECT E'\\';--', U&\"a;\", $q$ $r$ ; $q$ /* ; /* ' */ */;")
        status, scripts = self.convert({"1_a.up.sql": "BEGIN;" + function + "COMMIT"})
        self.assertEqual(status, 0, self.errors)
        self.assertIn("/* BEGIN */" + function + "/* COMMIT */\n", scripts["1_a.sql"])

    def test_begin_within(self):
        status, _ = self.convert({"1_a.up.sql": "SELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT;\n"})
        self.assertEqual(status, 0, self.errors)
        self.assertIn("1_a.up.sql: warning: line 2 controls transactions", self.errors)

    def test_down_revision_and_force(self):
        files = {"1_a.up.sql": "SELECT 1;"}
        self.assertEqual(self.convert(files, "--down-revision", "abc")[0], 0)
        status, scripts = self.convert(files)
        self.assertEqual(status, 1)
        self.assertIn("1_a.sql: exists already", self.errors)
        self.assertIn("-- Revises: abc\n", scripts["1_a.sql"])
        self.assertEqual(self.convert(files, "--force")[0], 0)

    def test_errors(self):
        self.assert_fails({"x/readme": ""}, "holds no migrations of a known layout")
        self.assert_fails({"1_a.up.sql": b"SELECT '\xff'"}, "1_a.up.sql: not UTF-8: byte 8")
        os.unlink(os.path.join(self.source, "1_a.up.sql"))
        self.assert_fails({"1_a.up.sql": "SELECT 1;\nSELECT 'x"}, "1_a.up.sql: unterminated quoted text")
        self.assert_fails({"1_a.up.sql": "", "01_b.up.sql": ""}, "has two up files")
        os.unlink(os.path.join(self.source, "01_b.up.sql"))
        self.assert_fails({"2_a.down.sql": ""}, "2_a.down.sql: has no up file")

    def test_layout_errors(self):
        self.assert_fails({"V1__a.sql": "", "V01__b.sql": ""}, "V1__a.sql: version 1 is also that of")
        self.assert_fails({"1_a.sql": "SELECT 1;"}, '1_a.sql: has no line "-- migrate:up"', "--layout", "dbmate")
        self.assert_fails({"2024-01-01_a/up.sql": "", "20240101_b/up.sql": ""}, "revision 20240101 is also that of",
                          "--layout", "diesel")


if __name__ == "__main__":
    unittest.main()
