// The checks of 008_drivers.pl with JDBC: named statements, and portals that
// are read in parts.

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

class WithJdbc
{
	static Connection connection;

	static String column(String sql, String... values) throws SQLException
	{
		StringBuilder result = new StringBuilder();

		try (PreparedStatement statement = connection.prepareStatement(sql))
		{
			for (int i = 0; i < values.length; i++)
				statement.setString(i + 1, values[i]);
			// a row at a time, in a transaction
			statement.setFetchSize(1);
			ResultSet rows = statement.executeQuery();
			while (rows.next())
				result.append(result.length() > 0 ? " " : "").append(rows.getString(1));
		}
		return result.toString();
	}

	public static void main(String[] arguments) throws Exception
	{
		PrintStream out = new PrintStream(System.out, true, "UTF-8");

		try
		{
			Class.forName("org.postgresql.Driver");
		}
		catch (ClassNotFoundException missing)
		{
			System.exit(77);
		}
		connection = DriverManager.getConnection(String.format("jdbc:postgresql://%s:%s/%s?user=%s", System.getenv("PGHOST"),
				System.getenv("PGPORT"), System.getenv("PGDATABASE"), System.getenv("PGUSER")));
		connection.setAutoCommit(false);
		out.println("registered " + column("SELECT path FROM migrate_register(?, ?)", arguments[0], "versions/a1.sql"));
		out.println("registered " + column("SELECT path FROM migrate_register(?)", arguments[1]));
		connection.commit();
		out.println("upgraded " + column("SELECT revision FROM migrate_upgrade(?)", "head"));
		connection.rollback();
		out.println("rolled back " + column("SELECT count(*) FROM migrate_version"));
		out.println("upgraded " + column("SELECT revision FROM migrate_upgrade(?)", "head"));
		connection.commit();
		try (PreparedStatement again = connection.prepareStatement("SELECT count(*) FROM migrate_upgrade(?)"))
		{
			again.setString(1, "head");
			// after the fifth call the statement has a name, after ten a generic plan
			for (int i = 0; i < 12; i++)
			{
				ResultSet rows = again.executeQuery();
				rows.next();
				if (i >= 10)
					out.println("again " + rows.getLong(1));
			}
		}
		try
		{
			column("SELECT migrate_upgrade(?)", "nowhere");
		}
		catch (SQLException error)
		{
			out.println("error " + error.getSQLState());
		}
		connection.rollback();
		out.println("text " + column("SELECT t FROM account"));
		out.println("cursor " + column("SELECT revision FROM migrate_downgrade(?)", "base"));
		connection.commit();
		out.println("left " + column("SELECT count(*) FROM migrate_version"));
		out.println("registered " + column("SELECT path FROM migrate_register(?)", arguments[2]));
		connection.commit();
		try (PreparedStatement run = connection.prepareStatement("CALL migrate_run(?)"))
		{
			run.setString(1, "head");
			try
			{
				run.execute();
			}
			catch (SQLException error)
			{
				out.println("in a transaction " + error.getSQLState());
			}
			connection.rollback();
			connection.setAutoCommit(true);
			run.execute();
		}
		out.println("run " + column("SELECT version_num || ' ' || indisvalid"
				+ " FROM migrate_version, pg_index WHERE indexrelid = 'account_t'::regclass"));
	}
}
