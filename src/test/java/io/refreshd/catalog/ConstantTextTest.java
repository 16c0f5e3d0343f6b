package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The constants are written as a little-endian server writes them, unless a test says otherwise. */
class ConstantTextTest {
    private static Optional<String> decode(int type, String value) {
        return ConstantText.of(
                NodeTree.parse("{CONST :consttype " + type + " :constisnull false :constvalue " + value + "}"));
    }

    @Test
    void decodesText() {
        assertThat(decode(25, "6 [ 24 0 0 0 104 105 ]")).contains("hi");
        assertThat(decode(25, "6 [ 24 0 0 0 -61 -92 ]")).contains("ä");
    }

    @Test
    void decodesIntegersOfEachSize() {
        for (int type : new int[] {20, 21, 23}) {
            assertThat(decode(type, "8 [ 5 1 0 0 0 0 0 0 ]")).contains("261");
        }
    }

    @Test
    void decodesUuids() {
        assertThat(decode(2950, "16 [ -86 -86 -86 -86 0 0 0 0 0 0 0 0 0 0 0 -1 ]"))
                .contains("aaaaaaaa-0000-0000-0000-0000000000ff");
    }

    @Test
    void refusesConstantsOfABigEndianServer() {
        assertThat(decode(25, "6 [ 0 0 0 6 104 105 ]")).isEmpty();
        assertThat(decode(23, "8 [ 0 0 0 0 0 0 1 5 ]")).isEmpty();
    }

    @Test
    void refusesIntegersOfMoreThanThreeBytesAndNegativeOnes() {
        assertThat(decode(20, "8 [ -1 -1 -1 0 0 0 0 0 ]")).contains("16777215");
        assertThat(decode(20, "8 [ 0 0 0 1 0 0 0 0 ]")).isEmpty();
        assertThat(decode(20, "8 [ -1 -1 -1 -1 -1 -1 -1 -1 ]")).isEmpty();
    }

    @Test
    void refusesWhatIsNoConstantOfAKnownForm() {
        assertThat(decode(1700, "6 [ 24 0 0 0 1 2 ]")).as("numeric").isEmpty();
        assertThat(decode(25, "<>")).isEmpty();
        assertThat(decode(25, "6 24 0 0 0 104 105")).isEmpty();
        assertThat(ConstantText.of(NodeTree.parse("{CONST :consttype 25 :constisnull true :constvalue <>}")))
                .isEmpty();
        assertThat(ConstantText.of(NodeTree.parse("{VAR :varno 1}"))).isEmpty();
    }
}
