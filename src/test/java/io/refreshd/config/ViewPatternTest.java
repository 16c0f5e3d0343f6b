package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.ViewId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ViewPatternTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\'',
            value = {
                "*.*, public, v, true",
                "*.*, 'a.b', 'c.d', true",
                "public.*, public, 'Odd.\"Name', true",
                "public.*, publican, v, false",
                "public.v?, public, v1, true",
                "public.v?, public, v, false",
                "public.v?, public, v😀, true",
                "public.v+, public, vv, false",
                "public.[v], public, v, false",
                "public.v, public, V, false",
                "public.\"V\", public, V, true",
                "public.\"V\", public, v, false",
                "\"a.b\".\"c.d\", 'a.b', 'c.d', true",
                "public.\"*\", public, x, false",
                "public.\"*\", public, *, true",
                "public.\"V\"*, public, View, true",
                "public.\"say \"\"hi\"\"\", public, 'say \"hi\"', true",
                "public.größe, public, größe, true",
                "public.\"\\E*\", public, \\E*, true",
            })
    void matches(String pattern, String schema, String name, boolean expected) {
        assertThat(ViewPattern.of(pattern).matches(new ViewId(schema, name))).isEqualTo(expected);
    }

    @Test
    void anyNameMayHoldLineBreaks() {
        assertThat(ViewPattern.of("*.*").matches(new ViewId("a\nb", "c\nd"))).isTrue();
    }

    @Test
    void aPatternThatIsNoneSaysWhatWouldBe() {
        assertThatThrownBy(() -> ViewPattern.of("orders"))
                .hasMessage("orders: the schema is missing; write schema.name, such as public.orders_by_day");
    }
}
