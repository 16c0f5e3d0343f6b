package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows and schedules: what they mean, also when the clock is put forward or back. In Berlin that is 29 March and 25 October 2026. */
class CalendarTest {
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

    private static RefreshWindow window(String text) throws InvalidValueException {
        return WindowParser.parse(text);
    }

    private static RefreshSchedule schedule(String text) throws InvalidValueException {
        return CronParser.parse(text);
    }

    private static Instant berlin(String time) {
        return LocalDateTime.parse(time).atZone(BERLIN).toInstant();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "22:00-06:00 Europe/Berlin|2026-06-10T22:00|true|2026-06-11T06:00",
                "22:00-06:00 Europe/Berlin|2026-06-10T05:59|true|2026-06-10T06:00",
                "22:00-06:00 Europe/Berlin|2026-06-10T06:00|false|2026-06-10T22:00",
                "22:00-06:00 Europe/Berlin|2026-06-10T21:59|false|2026-06-10T22:00",
                // The days are those on which a span begins: 2026-06-12 is a Friday.
                "Mon-Fri 22:00-06:00 Europe/Berlin|2026-06-13T03:00|true|2026-06-13T06:00",
                "Mon-Fri 22:00-06:00 Europe/Berlin|2026-06-13T07:00|false|2026-06-15T22:00",
                "Sat,Sun 00:00-24:00 Europe/Berlin|2026-06-13T12:00|true|2026-06-15T00:00",
                "Sat,Sun 00:00-24:00 Europe/Berlin|2026-06-15T00:00|false|2026-06-20T00:00",
                "Fri-Mon 01:00-02:00 Europe/Berlin|2026-06-16T01:30|false|2026-06-19T01:00",
                "12:00-13:00, 22:00-06:00 Europe/Berlin|2026-06-10T12:30|true|2026-06-10T13:00",
                "12:00-13:00, 22:00-06:00 Europe/Berlin|2026-06-10T13:00|false|2026-06-10T22:00",
                "mon-fri 22:00-06:00, Sat,Sun 00:00-24:00 Europe/Berlin|2026-06-12T23:00|true|2026-06-15T00:00",
                "22:00-06:00,06:00-07:00 Europe/Berlin|2026-06-10T23:00|true|2026-06-11T07:00",
            })
    void aWindowOpensAndCloses(String text, String at, boolean open, String until) throws Exception {
        assertThat(window(text).at(berlin(at))).isEqualTo(new RefreshWindow.Period(open, berlin(until)));
    }

    @Test
    void aWindowThatNeverClosesIsLookedAtAgain() throws Exception {
        RefreshWindow.Period period = window("00:00-24:00 UTC").at(Instant.parse("2026-06-10T12:00:00Z"));
        assertThat(period.open()).isTrue();
        assertThat(period.until()).isAfter(Instant.parse("2026-06-11T12:00:00Z"));
    }

    /** 02:00 to 03:00 does not exist on 29 March. */
    @Test
    void aWindowThatTheClockSkipsOpensWhenThatHappens() throws Exception {
        Instant skipped = Instant.parse("2026-03-29T01:00:00Z");
        assertThat(window("02:00-03:00 Europe/Berlin").at(skipped))
                .isEqualTo(new RefreshWindow.Period(true, skipped.plus(Duration.ofHours(1))));
        assertThat(window("02:30-06:00 Europe/Berlin").at(skipped.minusSeconds(1)))
                .isEqualTo(new RefreshWindow.Period(false, skipped));
        assertThat(window("02:30-06:00 Europe/Berlin").at(skipped))
                .isEqualTo(new RefreshWindow.Period(true, berlin("2026-03-29T06:00")));
    }

    /** 02:00 to 03:00 exists twice on 25 October: from midnight UTC, and an hour later. */
    @Test
    void aWindowInAnHourThatExistsTwiceIsOpenInBoth() throws Exception {
        assertThat(window("02:15-02:45 Europe/Berlin").at(Instant.parse("2026-10-25T00:15:00Z")))
                .isEqualTo(new RefreshWindow.Period(true, Instant.parse("2026-10-25T01:45:00Z")));
        assertThat(window("22:00-06:00 Europe/Berlin").at(Instant.parse("2026-10-24T20:00:00Z")))
                .isEqualTo(new RefreshWindow.Period(true, Instant.parse("2026-10-25T05:00:00Z")));
    }

    /** By the clock, minute for minute, over the days on which it is changed and one without. */
    @Test
    void aWindowAgreesWithTheClock() throws Exception {
        RefreshWindow window = window("Mon-Fri 22:30-06:15, Sat 03:00-04:00 Europe/Berlin");
        for (String day : List.of("2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z", "2026-06-12T12:00:00Z")) {
            Instant from = Instant.parse(day);
            for (Instant time = from; time.isBefore(from.plus(Duration.ofDays(4))); time = time.plusSeconds(60)) {
                ZonedDateTime shown = time.atZone(BERLIN);
                int minute = shown.getHour() * 60 + shown.getMinute();
                int weekDay = shown.getDayOfWeek().getValue();
                boolean open = (minute >= 22 * 60 + 30 && weekDay <= 5)
                        || (minute < 6 * 60 + 15 && weekDay >= 2 && weekDay <= 6)
                        || (weekDay == 6 && minute >= 180 && minute < 240);
                assertThat(window.at(time).open()).as("%s", shown).isEqualTo(open);
                assertThat(window.at(time).until()).isAfter(time);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "22:00-06:00 UTC|PT16H",
                "00:00-24:00 UTC|PT0S",
                "Sat,Sun 00:00-24:00 UTC|PT120H",
                "Sun 23:00-01:00 UTC|PT166H",
            })
    void knowsForHowLongAWindowIsClosed(String text, Duration closed) throws Exception {
        assertThat(WindowParser.parse(text).longestClosed()).isEqualTo(closed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "22:00-06:00|the time zone is missing",
                "Mon 22:00-06:00|the time zone is missing",
                "22:00-06:00 Europe/Berln|there is no such time zone; did you mean Europe/Berlin?",
                "22:00-06:00 Mars/Olympus|there is no such time zone; write a name such as",
                "22:00-22:00 UTC|a span of no time",
                "24:00-06:00 UTC|a span of no time",
                "22:00-25:00 UTC|not a time of day; write 00:00 to 24:00",
                "22:60-23:00 UTC|not a time of day; write 00:00 to 24:00",
                "Mo 22:00-23:00 UTC|not a list of times of day",
                "Mop 22:00-23:00 UTC|not a day of the week",
                "Mon-Fri UTC|days without a time of day",
                "22-6 UTC|not a time of day from-to",
                ", 22:00-06:00 UTC|not a list of times of day",
                "UTC|not a list of times of day",
                "''|not a list of times of day",
            })
    void saysWhatIsWrongWithAWindow(String text, String message) {
        assertThatThrownBy(() -> window(text))
                .isInstanceOf(InvalidValueException.class)
                .hasMessageStartingWith(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "30 2 * * * Europe/Berlin|2026-06-10T02:30|2026-06-11T02:30",
                "30 2 * * * Europe/Berlin|2026-06-10T02:29|2026-06-10T02:30",
                "*/15 * * * * Europe/Berlin|2026-06-10T23:50|2026-06-11T00:00",
                "0 2 * * 1-5 Europe/Berlin|2026-06-12T02:00|2026-06-15T02:00",
                "0 2 * * sat,7 Europe/Berlin|2026-06-13T02:00|2026-06-14T02:00",
                "0 0 1 jan * Europe/Berlin|2026-06-12T02:00|2027-01-01T00:00",
                // Either of the two fields for days, if both are restricted.
                "0 0 13 * fri Europe/Berlin|2026-06-13T00:00|2026-06-19T00:00",
                "0 0 13 * * Europe/Berlin|2026-06-13T00:00|2026-07-13T00:00",
                "0 0 29 2 * Europe/Berlin|2026-06-13T00:00|2028-02-29T00:00",
                "0 0 29 2 * Europe/Berlin|2096-02-29T00:00|2104-02-29T00:00",
                "5-10/5,30 8-9 * * * Europe/Berlin|2026-06-10T08:10|2026-06-10T08:30",
            })
    void aScheduleTellsTheNextTime(String text, String after, String next) throws Exception {
        assertThat(schedule(text).next(berlin(after))).isEqualTo(berlin(next));
    }

    @Test
    void aTimeThatTheClockSkipsComesWhenThatHappens() throws Exception {
        RefreshSchedule nightly = schedule("30 2 * * * Europe/Berlin");
        Instant skipped = Instant.parse("2026-03-29T01:00:00Z");
        assertThat(nightly.next(berlin("2026-03-28T12:00"))).isEqualTo(skipped);
        assertThat(nightly.next(skipped)).isEqualTo(berlin("2026-03-30T02:30"));
    }

    @Test
    void aTimeThatExistsTwiceComesOnceAndOneOfEveryHourEachTime() throws Exception {
        RefreshSchedule nightly = schedule("30 2 * * * Europe/Berlin");
        Instant first = Instant.parse("2026-10-25T00:30:00Z");
        assertThat(nightly.next(first.minusSeconds(1))).isEqualTo(first);
        assertThat(nightly.next(first)).isEqualTo(berlin("2026-10-26T02:30"));
        assertThat(every("0 * * * * Europe/Berlin", "2026-10-24T22:00:00Z")).containsOnly(Duration.ofHours(1));
        assertThat(every("0 * * * * Europe/Berlin", "2026-03-28T22:00:00Z")).containsOnly(Duration.ofHours(1));
    }

    /** The times between the first eight. */
    private static List<Duration> every(String text, String from) throws InvalidValueException {
        List<Duration> between = new ArrayList<>();
        Instant time = schedule(text).next(Instant.parse(from));
        for (int i = 0; i < 8; i++) {
            Instant next = schedule(text).next(time);
            between.add(Duration.between(time, next));
            time = next;
        }
        return between;
    }

    @Test
    void aScheduleOfEveryMinuteMissesNone() throws Exception {
        Instant time = Instant.parse("2026-03-29T00:57:30Z");
        for (int i = 0; i < 5; i++) {
            Instant next = schedule("* * * * * Europe/Berlin").next(time);
            assertThat(next).isEqualTo(time.truncatedTo(ChronoUnit.MINUTES).plusSeconds(60));
            time = next;
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "30 2 * * *|not five fields and a time zone; write minute, hour",
                "@daily|not a schedule",
                "0 30 2 * * * UTC|not a schedule",
                "60 2 * * * UTC|minute is out of range; write 0 to 59",
                "0 24 * * * UTC|hour is out of range; write 0 to 23",
                "0 0 0 * * UTC|day of month is out of range; write 1 to 31",
                "0 0 * foo * UTC|month is out of range; write 1 to 12",
                "0 0 * * 8 UTC|day of week is out of range; write 0 to 7",
                "0 0 * * fri-mon UTC|day of week has a range that ends before it begins",
                "0/15 * * * * UTC|minute has a step without a range",
                "*/0 * * * * UTC|minute has a step without a range",
                "1, * * * * UTC|minute is not in the notation of cron",
                "0 0 30 2 * UTC|a time that never comes",
                "0 2 * * * Europe/Nowhere|there is no such time zone",
            })
    void saysWhatIsWrongWithASchedule(String text, String message) {
        assertThatThrownBy(() -> schedule(text))
                .isInstanceOf(InvalidValueException.class)
                .hasMessageStartingWith(message);
    }
}
