package io.refreshd.diagram;

/**
 * Places points on a line in their order, each as near as possible to where it should be, and none nearer to the next than a distance:
 * the least sum of weighted squares. Without the distances this is isotonic regression, solved by pooling adjacent violators.
 *
 * <p>Source: Barlow, Bartholomew, Bremner, Brunk, Statistical Inference under Order Restrictions, 1972.
 */
final class Spread {
    private Spread() {}

    /**
     * @param wanted where each point should be
     * @param weights greater than 0
     * @param distances the least distance of each point to the one before; that of the first is not used
     */
    static double[] place(double[] wanted, double[] weights, double[] distances) {
        int n = wanted.length;
        double[] offset = new double[n];
        for (int i = 1; i < n; i++) {
            offset[i] = offset[i - 1] + distances[i];
        }
        double[] mean = new double[n];
        double[] weight = new double[n];
        int[] size = new int[n];
        int blocks = 0;
        for (int i = 0; i < n; i++) {
            mean[blocks] = wanted[i] - offset[i];
            weight[blocks] = weights[i];
            size[blocks] = 1;
            while (blocks > 0 && mean[blocks - 1] > mean[blocks]) {
                double sum = weight[blocks - 1] + weight[blocks];
                mean[blocks - 1] = (mean[blocks - 1] * weight[blocks - 1] + mean[blocks] * weight[blocks]) / sum;
                weight[blocks - 1] = sum;
                size[blocks - 1] += size[blocks];
                blocks--;
            }
            blocks++;
        }
        double[] placed = new double[n];
        int i = 0;
        for (int block = 0; block < blocks; block++) {
            for (int k = 0; k < size[block]; k++, i++) {
                placed[i] = mean[block] + offset[i];
            }
        }
        return placed;
    }
}
