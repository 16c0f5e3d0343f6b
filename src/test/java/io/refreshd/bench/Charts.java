package io.refreshd.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The charts of one setting by file name. */
final class Charts {
    private Charts() {}

    /** @param where version, machine and date */
    static Map<String, String> of(String title, Map<String, List<Result>> contenders, int seconds, String where) {
        Map<String, List<double[]>> lags = new LinkedHashMap<>();
        Map<String, double[]> writers = new LinkedHashMap<>();
        Map<String, double[]> refreshes = new LinkedHashMap<>();
        contenders.forEach((name, rounds) -> {
            double rate = ReportColumns.median(rounds, Result::commitsPerSecond);
            if (Double.isFinite(rate)) {
                writers.put(name, new double[] {rate});
            }
            if (rounds.stream().anyMatch(result -> result.lag().count() > 0)) {
                lags.put(name, rounds.getFirst().timeline());
                refreshes.put(name, new double[] {
                    ReportColumns.median(rounds, r -> r.allRefreshes().executed()),
                    ReportColumns.median(rounds, r -> r.allRefreshes().needed())
                });
            }
        });
        String suffix = title.replaceAll("[^A-Za-z0-9-]+", "-");
        Map<String, String> charts = new LinkedHashMap<>();
        if (!lags.isEmpty()) {
            charts.put("cost-" + suffix, CostPicture.svg(contenders, seconds, title, where));
            charts.put("lag-" + suffix, Svg.lags("Commit to visible, first repeat: " + title, lags));
            charts.put(
                    "refreshes-" + suffix, Svg.bars("Refreshes: " + title, List.of("executed", "needed"), refreshes));
        }
        if (!writers.isEmpty()) {
            charts.put("writers-" + suffix, Svg.bars("Writers, commits/s: " + title, List.of("commits/s"), writers));
        }
        return charts;
    }
}
