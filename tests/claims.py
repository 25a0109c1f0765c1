"""What must hold of the numbers of the solved notebooks: {notebook: {cell id: [expressions over the notebook's names]}}.

`tests/nbval_claims.py` asserts them after that cell. A cell with claims ends in a statement, or in a call that returns None.
"""

CLAIMS = {
    "01_logistic_regression": {
        "normalized-sets": ["means.max() < 0.01", "np.abs(stds - 1).max() < 0.01"],
        "plot-score": ["digits[0] @ hand_made[3] > digits[0] @ hand_made[5]"],
        "score-all": ["0.15 < hand_made_error < 0.3"],
        "batch-descent": ["batch_errors[-1] < 0.12"],
        "minibatch-epoch": ["validation_error() < 0.12"],
        "learning-rates": [
            "min(histories, key=lambda label: histories[label].validation_error[-1]) == 'learning rate 0.01'"
        ],
        "tutorial-run": ["history.stopped_early", "history.best_validation_error < 0.076"],
        "test-error": ["abs(100 * test.mean() - 7.489583) < 0.05"],
    },
    "02_mlp": {
        "train-disc": [
            "15 < percent_wrong[0] < 35",
            "percent_wrong[2] < percent_wrong[0] / 2",
            "percent_wrong[3] < 5",
            "percent_wrong[8] < 5",
        ],
        "five-layers": [
            "np.std(answers['r / 10'][4]) < 0.0001",
            "np.std(answers['r'][4]) > 0.1",
            "np.mean(np.abs(answers['10 r'][4])) > 0.9",
            "np.std(gradients['r / 10'][0]) < 0.01 * np.std(gradients['r / 10'][4])",
            "np.std(gradients['10 r'][0]) > 10 * np.std(gradients['10 r'][4])",
        ],
        "train-inits": [
            "min(init_errors['zero'], init_errors['r / 10']) > 80",
            "init_errors['10 r'] > 20",
            "init_errors['r'] < 10",
        ],
        "train-mlp": ["np.allclose(list(measured.values()), [gradient[place] for place in measured], rtol=0.02)"],
        "test-mlp": ["error_on(mlp, test_set) <= 3.8"],
        "test-deeper": ["error_on(deeper, test_set) <= 3.2"],
        "test-patient": ["error_on(patient, test_set) <= 1.65"],
        "harness": [
            "results['mini-batches of 200'][2] > results['100 tanh'][2]",
            "results['one wide layer, 400'][2] < results['many narrow layers, 6 × 30'][2]",
        ],
    },
    "04_regularization": {
        "plot-overfitting": [
            "right.monitored['training error'][-1] == 0",
            "right.monitored['validation cost'][-1] > 1.05 * min(right.monitored['validation cost'])",
            "noisy.monitored['training error'][-1] < 0.06",
            "noisy.validation_error[-1] > min(noisy.validation_error) + 0.05",
        ],
        "train-smaller": [
            "noisy.validation_error[-1] > smaller_history.validation_error[-1] + 0.01",
            "learned_by_heart(unregularized) > learned_by_heart(smaller)",
        ],
        "plot-strengths": [
            "0.003 <= best_strength <= 0.03",
            "l2_runs[best_strength]['validation'] < l2_runs[0]['validation'] - 4",
            "np.all(np.diff([run['training'] for run in l2_runs.values()]) > -1)",
        ],
        "plot-l1": [
            "shares['none'] < 0.05",
            "shares['L2'] < 0.5",
            "shares['L1'] > 0.75",
            "np.sum(l1_run['weights'] == 0) == 0",
        ],
        "plot-early": [
            f"{history}.{what}[{epoch}] < {bound}"
            for history, epoch in [("plain", "stop"), ("early['L2']", "-1")]
            for what, bound in [
                ("validation_error", "plain.validation_error[-1] - 0.04"),
                ("monitored['length']", "plain.monitored['length'][-1] / 2"),
            ]
        ],
        "build-dropout": ["thinned.params == dropped_out.params"],
        "train-dropout": ["whole_error < thinned_error"],
        "train-max-norm": ["lengths.max() < 1.0001"],
        "plot-compare": [
            "max(errors['wrong'] for name, errors in last_errors.items() if name != 'none') < last_errors['none']['wrong'] - 2",
            "last_errors['dropout']['wrong'] < last_errors['none']['wrong'] - 8",
            "last_errors['L1']['right'] > last_errors['none']['right'] + 1",
        ],
        "plot-whitened": [
            "neighbours['raw'] > 0.7",
            r"neighbours['$\\epsilon$ = 0.1'] < 0.6",
            r"neighbours['$\\epsilon$ = 0.01'] < 0.3",
            r"np.abs(whiten(some, epsilon=0.1)[0] - versions['$\\epsilon$ = 0.1']).max() < 0.02",
        ],
        "plot-preprocessed": [
            "preprocessed['whitened'].train_cost[4] == min(history.train_cost[4] for history in preprocessed.values())",
            "preprocessed['whitened'].validation_error[-1] == max(h.validation_error[-1] for h in preprocessed.values())",
        ],
        "plot-augmented": [
            "augmented['translation'] < augmented['none'] - 3",
            "augmented['elastic'] < augmented['none'] - 3",
            "augmented['distort'] < augmented['none'] / 2",
        ],
        "test-augmented": ["test_error(networks['distort']) <= 7"],
        "plot-still-wrong": ["test_error(large) <= 0.6"],
        "plot-units": [
            "mean_absolute_correlation(good) < 0.4",
            "mean_absolute_correlation(bad) > 0.9",
            "np.median(unit_variance(good)) > 10 * np.median(unit_variance(bad))",
            "np.median(bad) > 0.99",
            "alike_history.validation_error[-1] > 0.5",
        ],
        "plot-sizes": ["min(few) < few[0] - 3", "min(many) > many[0] - 1", "many[0] < min(few)"],
    },
    "03_sgd_momentum": {
        "plot-cost-of-steps": [
            "above_lowest['mini-batches of 10'][50] < above_lowest['all 100 points'][5] / 10",
            "above_lowest['mini-batches of 10'][-50:].mean() < above_lowest['one point'][-50:].mean() / 3",
        ],
        "plot-decay-walk": ["spread['decay'] < spread['constant'] / 3"],
        "plot-gradients": ["all(2 * size < after for size, after in zip(gradient_sizes, gradient_sizes[1:]))"],
        "plot-rates-per-layer": [
            "layer_errors['2.7, 0.9, 0.3, 0.1'] < 0.75 * layer_errors['0.1 everywhere']",
            "layer_errors['1 everywhere'] < 1.1 * layer_errors['2.7, 0.9, 0.3, 0.1']",
        ],
        "plot-roll": ["far['momentum'] < far['plain SGD'] / 10"],
        "same-path": ["np.allclose(module_path, with_momentum, atol=1e-4)"],
        "plot-escape": ["abs(ball_paths[0][-1] + 1) < 0.5", "abs(ball_paths[0.9][-1] - 3) < 0.5"],
        "plot-nesterov": ["swing['Nesterov'] < swing['momentum'] / 3"],
        "same-nesterov-path": ["np.allclose(module_places[1:], places_ahead, atol=1e-3)"],
        "compute-arrows": [
            # The two arrows of a step lead from each place to the next, and the second is the gradient where the rule looks.
            "all(np.allclose(p[:-1] + kept + push, p[1:], atol=1e-4) for p, kept, push in [steps_of('Nesterov', 0.3, 0.9)])",
            "all(np.allclose(p[:-1] + kept + push, p[1:], atol=1e-4) for p, kept, push in [steps_of('momentum', 0.3, 0.9)])",
        ],
        "plot-rules": [
            "best_errors['momentum'] + 0.5 < best_errors['plain SGD']",
            "best_errors['Nesterov'] + 0.5 < best_errors['plain SGD']",
            "best_errors['SGD with decay'] > best_errors['plain SGD']",
            "abs(last_error(runs['momentum'][0.03]) - last_error(runs['plain SGD'][0.3])) < 1",
        ],
        "plot-small-batches": ["abs(plain - rolling) < 0.5", "decayed + 0.25 < min(plain, rolling)"],
        "plot-early-stopping": [
            "len(errors) < 100",
            "len(errors) - best_epoch == 8",
            "validate.mean() == min(errors)",
        ],
        "less-patience": ["stopped_with(1)[1] > stopped_with(8)[1] + 0.25"],
    },
    "05_autoencoders": {
        "plot-losses": ["push['cross-entropy'][wrong] > 0.98", "push['squared error'][wrong] < 0.03"],
        "plot-costs": ["plain_costs[-1] - floor < 10"],
        "wrap": ["np.isclose(ours, the_modules, rtol=1e-4)"],
        "plot-both-costs": [
            "np.array_equal(dA(np.random.RandomState(1234), theano_rng, x, n_hidden=500).W.get_value(), first_weights)",
            "denoising_costs[-1] > plain_costs[-1]",
        ],
        "plot-filters": ["likeness['30 %'] - likeness['0 %'] > 0.1"],
        "plot-denoised": [
            "errors['plain'] > 0.5 * errors['half missing']",
            "errors['denoising'] < 0.5 * errors['half missing']",
        ],
        "pretrain-deep": ["np.all(layer_costs[:, 1] < layer_costs[:, 0])"],
        "plot-stages": ["stages[-1] > pca_error", "fine_tuning[-1] < 0.85 * pca_error"],
        "plot-maps": ["shares['PCA'] < 0.5", "shares['deep autoencoder'] > 0.5"],
        "plot-thirty": ["squared_error(valid_digits, deep_30) < squared_error(valid_digits, pca_30) / 4"],
        "plot-hierarchy": ["same_label(excitement[0]) > 6", "same_label(excitement[1]) > 6"],
        "plot-few-labels": [
            "np.all(np.median(test_errors['pre-trained'], axis=1) < np.median(test_errors['random'], axis=1))"
        ],
    },
    "07_convolution": {
        "plot-shuffled": ["abs(mlp_errors['as written'] - mlp_errors['shuffled']) < 0.5"],
        "plot-moves": [
            "np.allclose(map_of_moved[4:, 4:], np.roll(its_map, (2, 3), axis=(0, 1))[4:, 4:], atol=1e-5)",
        ],
        "plot-forgotten": [
            "all(np.array_equal(max_pool(image, 2), inked) for image in alike.values())",
            "np.allclose(pool_2d(images, (2, 2), ignore_border=True).eval({images: np.float32(edges)[None, None]}), max_pool(edges, 2))",
        ],
        "likeness": [
            "likenesses['as it is'] < 0.6",
            "likenesses['as it is'] < likenesses['pooled'] < likenesses['pooled twice']",
        ],
        "compare-layer": ["np.allclose(ours, the_modules, atol=1e-5)"],
        "numbers": ["totals['LeNet'].tolist() == [431_080, 2_293_000]", "totals['MLP'].tolist() == [397_510, 397_000]"],
        "test-lenet": ["test_errors['LeNet'] <= 1.5", "test_errors['LeNet'] < 2 / 3 * test_errors['MLP']"],
        "plot-moved": ["all(convolutional < 2 / 3 * dense for dense, convolutional in zip(*moved_errors.values()))"],
        "plot-shuffled-lenet": [
            "lenet_errors['as written'] < mlp_errors['as written']",
            "lenet_errors['shuffled'] > 1.5 * lenet_errors['as written']",
        ],
        "plot-relu": ["dead[0.1] <= 5", "dead[1.0] > dead[0.1]"],
        "compare-normalization": ["np.allclose(ours, the_modules, atol=1e-3)"],
        "compare": [
            "compared['parameters'] == [397_510, 431_080, 55_138]",
            "compared['multiplications for a digit'] == [397_000, 2_293_000, 1_236_224]",
            "test_errors['modern'] <= 1.3",
            "test_errors['modern'] < test_errors['LeNet']",
        ],
        "plot-modern-moved": ["all(errors[3] > 3 * errors[0] for errors in moved_errors.values())"],
    },
}
