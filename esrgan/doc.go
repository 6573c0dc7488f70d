// Package esrgan enlarges pictures four times: SRGAN (Ledig et al. 2017) and ESRGAN (Wang et al. 2018), the second
// experiment of the article. ESRGAN changes four things: no batch normalisation in G, residual-in-residual dense
// blocks, a relativistic average discriminator, and features before the activation in the perceptual loss. Each is a
// setting of [Config].
//
//	config, err := esrgan.Experiment.Preset("laptop")
//	summary, err := esrgan.Train(ctx, "runs/sr", config, lab.TrainOptions{Backend: backend})
//	upscaler, err := esrgan.Open(backend, "runs/sr")
//
// Pictures are [batch, height, width, 3], RGB in [0, 1]. Package upscale enlarges files, also by the weights of others.
package esrgan
