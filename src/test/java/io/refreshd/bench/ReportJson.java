package io.refreshd.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report as JSON, with every round and not only medians. */
final class ReportJson {
    private ReportJson() {}

    static String of(
            Options options,
            Map<String, String> header,
            Map<String, Object> figures,
            List<Result> results,
            List<String> remarks)
            throws JsonProcessingException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", header);
        all.put("options", options.toString());
        all.put("remarks", remarks);
        Map<String, Object> own = new LinkedHashMap<>();
        figures.forEach((name, value) -> own.put(name, value instanceof Sample sample ? quantiles(sample) : value));
        all.put("figures", own);
        all.put("rounds", results.stream().map(ReportJson::round).toList());
        return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(all);
    }

    private static Map<String, Object> round(Result r) {
        Map<String, Object> round = new LinkedHashMap<>();
        round.put("workload", r.plan().workload());
        round.put("contender", r.plan().contender());
        round.put("repeat", r.plan().repeat());
        round.put("rows", r.plan().rows());
        round.put("roleViews", r.plan().views());
        round.put("windowSeconds", r.seconds());
        round.put("machineLoad", finite(r.load()));
        round.put("lagSeconds", quantiles(r.lag()));
        round.put("unseen", r.unseen());
        round.put("timeline", r.timeline());
        round.put("commitsPerSecond", finite(r.commitsPerSecond()));
        round.put("writerSeconds", quantiles(r.latency()));
        round.put("refreshes", r.refreshes());
        round.put("avoided", r.avoided());
        round.put("serverCpuSeconds", finite(r.serverCpu()));
        round.put("contenderCpuSeconds", finite(r.contenderCpu()));
        round.put("walBytes", r.wal());
        round.put("peakMegabytes", finite(r.peak()));
        round.put("serverPeakMegabytes", finite(r.peaks().serverMegabytes()));
        round.put("unacknowledgedBytes", finite(r.peaks().unacknowledged()));
        round.put("keptBytes", finite(r.peaks().kept()));
        round.put("wrongViews", r.wrong());
        return round;
    }

    private static Map<String, Object> quantiles(Sample sample) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("n", sample.count());
        for (double share : new double[] {0.5, 0.95, 0.99, 1}) {
            all.put("p" + Report.number(100 * share), finite(sample.quantile(share)));
        }
        return all;
    }

    private static Object finite(double value) {
        return Double.isFinite(value) ? value : Double.isNaN(value) ? "none" : "unseen";
    }
}
