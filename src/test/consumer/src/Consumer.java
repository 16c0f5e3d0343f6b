import io.refreshd.client.RoleViews;
import org.postgresql.ds.PGSimpleDataSource;

/** Reads a role view with nothing on its class path but what the client's artifact brings. */
public final class Consumer {
    public record UserRow(int id, String name) {}

    public static void main(String[] arguments) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(arguments[0]);
        dataSource.setUser("postgres");
        System.out.println(RoleViews.of(dataSource, "role_{role}", UserRow.class).forRole("a").all());
    }
}
